/**
 * @file model/prompt_keys.h
 * Prompts that the program itself uses: their fixed keys, and what they say unless a centre says otherwise.
 *
 * Every compiled centre has all of them: a centre overrides one by defining a shared prompt with
 * the same key. Texts with {placeholders} are spoken by flows only (they need values); all others
 * may also be recorded. Keys "music", "beep" and "ringback" are sounds: the prompt room makes them.
 *
 *   X(ID, key, Indonesian, English)
 *
 * sapa_centre.system_prompt[SAPA_PROMPT_ID_…] is the prompt's index in a compiled centre.
 * Room    model: base only.   Thread  any.
 */
#ifndef SAPA_MODEL_PROMPT_KEYS_H
#define SAPA_MODEL_PROMPT_KEYS_H

#define SAPA_PROMPT_KEYS(X) \
    X(MUSIC, "music", "", "") \
    X(BEEP, "beep", "", "") \
    X(AGENT_READY, "agent.ready", "Anda siap menerima panggilan.", "You are ready.") \
    X(AGENT_NOT_READY, "agent.not-ready", "Anda tidak siap.", "You are not ready.") \
    X(AGENT_NOT_READY_FOR, "agent.not-ready-for", "Anda tidak siap, alasan:", "You are not ready. Reason:") \
    X(AGENT_WRAPUP_DONE, "agent.wrapup-done", "Hasil panggilan sudah dicatat.", "The result of the call is noted.") \
    X(AGENT_WRAPUP_EXTENDED, "agent.wrapup-extended", "Waktu pencatatan diperpanjang.", "You have more time for your notes.") \
    X(AGENT_LOGGED_OUT, "agent.logged-out", "Anda sudah keluar. Terima kasih.", "You are logged out. Thank you.") \
    X(AGENT_STATUS_READY, "agent.status-ready", "Status Anda: siap.", "Your state is: ready.") \
    X(AGENT_STATUS_NOT_READY, "agent.status-not-ready", "Status Anda: tidak siap.", "Your state is: not ready.") \
    X(AGENT_STATUS_OFFLINE, "agent.status-offline", "Status Anda: belum masuk.", "Your state is: logged out.") \
    X(AGENT_STATUS_WRAPUP, "agent.status-wrapup", "Status Anda: mencatat hasil panggilan.", "Your state is: wrap-up.") \
    X(AGENT_RECORD_PAUSED, "agent.record-paused", "Perekaman dijeda.", "Recording is paused.") \
    X(AGENT_RECORD_RESUMED, "agent.record-resumed", "Perekaman dilanjutkan.", "Recording goes on.") \
    X(AGENT_RECORD_STARTED, "agent.record-started", "Perekaman dimulai.", "Recording has started.") \
    X(AGENT_NO_CALL, "agent.no-call", "Anda sedang tidak dalam panggilan.", "You are not in a call.") \
    X(AGENT_NO_WRAPUP, "agent.no-wrapup", "Tidak ada panggilan yang perlu dicatat.", "There is no call to wrap up.") \
    X(AGENT_UNKNOWN_CODE, "agent.unknown-code", "Kode tidak dikenal.", "This code is not known.") \
    X(AGENT_UNKNOWN_REASON, "agent.unknown-reason", "Alasan tidak dikenal.", "This reason is not known.") \
    X(AGENT_UNKNOWN_DISPOSITION, "agent.unknown-disposition", "Kode hasil panggilan tidak dikenal.", "This result code is not known.") \
    X(AGENT_REFUSED, "agent.refused", "Saat ini tidak bisa.", "This is not possible now.") \
    X(AGENT_UNREACHABLE, "agent.unreachable", "Pesawat Anda belum terdaftar. Anda siap begitu pesawat dapat dihubungi.", "Your phone is not registered. You are ready as soon as it can be reached.") \
    X(QUEUE_POSITION, "queue.position", "Anda berada di {position:position}.", "You are {position:position}.") \
    X(QUEUE_WAIT, "queue.wait", "Perkiraan waktu tunggu {ewt_p50:wait}.", "The expected wait is {ewt_p50:wait}.") \
    X(QUEUE_THANKS, "queue.thanks", "Terima kasih sudah menunggu. Petugas kami akan segera melayani Anda.", "Thank you for waiting. One of our people will be with you soon.") \
    X(CALLBACK_OFFER, "callback.offer", "Tidak ingin menunggu? Tekan {key:digits} dan kami akan menelepon Anda kembali. Urutan Anda tetap kami jaga.", "Would you rather not wait? Press {key:digits} and we will call you back. You keep your place in the line.") \
    X(CALLBACK_CONFIRM, "callback.confirm", "Kami akan menelepon Anda di nomor {caller:digits}. Tekan satu jika nomor ini benar, atau dua untuk memasukkan nomor lain.", "We will call you back on {caller:digits}. Press one if this number is right, or two to enter another.") \
    X(CALLBACK_ENTER, "callback.enter", "Silakan masukkan nomor telepon Anda, lalu tekan pagar.", "Please enter your telephone number, then press hash.") \
    X(CALLBACK_READ_BACK, "callback.read-back", "Nomor yang Anda masukkan {digits:digits}. Tekan satu jika benar, atau dua untuk mengulang.", "You entered {digits:digits}. Press one if this is right, or two to enter it again.") \
    X(CALLBACK_ACCEPTED, "callback.accepted", "Baik. Kami akan menelepon Anda begitu giliran Anda tiba. Terima kasih.", "Good. We will call you when it is your turn. Thank you.") \
    X(CALLBACK_AGENT, "callback.agent", "Panggilan balik. Pelanggan sedang dihubungi.", "Callback. The customer is being called.") \
    X(CALLBACK_NOT_REACHED, "callback.not-reached", "Pelanggan tidak dapat dihubungi.", "The customer could not be reached.") \
    X(MENU_INVALID, "menu.invalid", "Maaf, pilihan itu tidak tersedia.", "Sorry, that is not one of the choices.") \
    X(MENU_TIMEOUT, "menu.timeout", "Maaf, kami belum menerima pilihan Anda.", "Sorry, we have not received your choice.") \
    X(VOICEMAIL_GREETING, "voicemail.greeting", "Silakan tinggalkan pesan setelah nada. Tekan pagar jika sudah selesai.", "Please leave a message after the tone. Press hash when you have finished.") \
    X(VOICEMAIL_THANKS, "voicemail.thanks", "Terima kasih. Pesan Anda sudah kami terima.", "Thank you. We have received your message.") \
    X(SURVEY_THANKS, "survey.thanks", "Terima kasih atas penilaian Anda.", "Thank you for your answer.") \
    X(SYSTEM_CLOSED, "system.closed", "Maaf, saat ini kami sedang tutup.", "Sorry, we are closed at the moment.") \
    X(SYSTEM_FAULT, "system.fault", "Maaf, terjadi gangguan di pihak kami. Silakan menelepon kembali.", "Sorry, there is a fault on our side. Please call again.") \
    X(GOODBYE, "goodbye", "Terima kasih. Sampai jumpa.", "Thank you. Goodbye.") \
    X(RINGBACK, "ringback", "", "") \
    X(AGENT_DONE, "agent.done", "Baik, sudah.", "Done.") \
    X(AGENT_NOT_ALLOWED, "agent.not-allowed", "Panggilan ini tidak diizinkan untuk Anda.", "You may not place this call.") \
    X(AGENT_UNKNOWN_TARGET, "agent.unknown-target", "Nomor tujuan tidak dikenal.", "This number is not known.") \
    X(PROMPT_SPEAK, "prompt.speak", "Silakan ucapkan rekaman setelah nada, lalu tekan pagar.", "Please speak after the tone, then press hash.") \
    X(PROMPT_CHOOSE, "prompt.choose", "Tekan satu untuk menyimpan, dua untuk mengulang, tiga untuk membatalkan.", "Press one to keep it, two to speak it again, three to discard it.") \
    X(PROMPT_KEPT, "prompt.kept", "Rekaman disimpan.", "The recording is kept.") \
    X(PROMPT_DISCARDED, "prompt.discarded", "Rekaman dibatalkan.", "The recording is discarded.") \
    X(PROMPT_NOT_ALLOWED, "prompt.not-allowed", "Anda tidak boleh merekam pesan ini.", "You may not record this prompt.") \
    X(PROMPT_UNKNOWN, "prompt.unknown", "Pesan ini tidak dikenal.", "This prompt is not known.")

enum sapa_prompt_id {
#define X(id, key, indonesian, english) SAPA_PROMPT_ID_##id,
    SAPA_PROMPT_KEYS(X)
#undef X
    SAPA_PROMPT_ID_COUNT
};

/** "agent.ready" for SAPA_PROMPT_ID_AGENT_READY. Static storage. */
const char *sapa_prompt_key(enum sapa_prompt_id id);

#endif
