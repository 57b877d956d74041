#include "report/words.h"

#define WORDS(noun, english, ...)                                                   \
    const char *sapa_word_##noun(unsigned value, enum sapa_language language)       \
    {                                                                               \
        static const char *const words[] = { __VA_ARGS__ };                         \
        if (language != SAPA_LANGUAGE_ID)                                           \
            return english(value);                                                  \
        return value < SAPA_COUNT(words) && words[value] ? words[value] : "?";      \
    }

WORDS(outcome, sapa_outcome_name,
    [SAPA_OUTCOME_OPEN] = "masih berjalan", [SAPA_OUTCOME_ANSWERED] = "terjawab",
    [SAPA_OUTCOME_ABANDONED_FLOW] = "ditinggalkan di menu",
    [SAPA_OUTCOME_ABANDONED_QUEUE] = "ditinggalkan di antrean",
    [SAPA_OUTCOME_ABANDONED_RINGING] = "ditinggalkan saat berdering",
    [SAPA_OUTCOME_CONTAINED] = "selesai di menu", [SAPA_OUTCOME_CLOSED] = "di luar jam buka",
    [SAPA_OUTCOME_VOICEMAIL] = "pesan suara", [SAPA_OUTCOME_CALLBACK_KEPT] = "ditelepon balik",
    [SAPA_OUTCOME_CALLBACK_FAILED] = "telepon balik tidak tersambung",
    [SAPA_OUTCOME_TRANSFERRED] = "dialihkan keluar",
    [SAPA_OUTCOME_REFUSED] = "ditolak oleh batas atau daftar",
    [SAPA_OUTCOME_SYSTEM_FAULT] = "hilang karena gangguan sistem",
    [SAPA_OUTCOME_OVERFLOW_ENDED] = "diakhiri oleh aturan luapan",
    [SAPA_OUTCOME_MERGED] = "berlanjut dalam kontak lain", [SAPA_OUTCOME_UNREACHED] = "tidak tersambung",
    [SAPA_OUTCOME_REACHED] = "tersambung")

WORDS(denial, sapa_call_denial_name,
    [SAPA_DENIAL_NONE] = "boleh", [SAPA_DENIAL_RIGHT] = "tidak berhak menelepon nomor sejenis ini",
    [SAPA_DENIAL_HOURS] = "di luar jam yang diizinkan", [SAPA_DENIAL_LISTED] = "tercatat di daftar jangan dihubungi",
    [SAPA_DENIAL_CLIENT] = "tidak ditugaskan untuk klien ini", [SAPA_DENIAL_BUSY] = "sedang memegang panggilan lain",
    [SAPA_DENIAL_TARGET] = "tujuan tidak ada, atau tidak ada orang di sana",
    [SAPA_DENIAL_OFFLINE] = "belum masuk")

WORDS(party_type, sapa_party_type_name,
    [SAPA_PARTY_TYPE_CUSTOMER] = "pelanggan", [SAPA_PARTY_TYPE_PROSPECT] = "calon pelanggan", [SAPA_PARTY_TYPE_INTERNAL] = "internal")

WORDS(direction, sapa_direction_name,
    [SAPA_DIRECTION_INBOUND] = "masuk", [SAPA_DIRECTION_OUTBOUND] = "keluar", [SAPA_DIRECTION_INTERNAL] = "internal")

WORDS(side, sapa_side_name,
    [SAPA_SIDE_CUSTOMER] = "pelanggan", [SAPA_SIDE_AGENT] = "agen", [SAPA_SIDE_FLOW] = "alur",
    [SAPA_SIDE_NETWORK] = "jaringan", [SAPA_SIDE_SYSTEM] = "sistem")

WORDS(place, sapa_place_name,
    [SAPA_PLACE_NEW] = "baru", [SAPA_PLACE_FLOW] = "menu", [SAPA_PLACE_QUEUE] = "antre",
    [SAPA_PLACE_RINGING] = "berdering", [SAPA_PLACE_TALK] = "bicara",
    [SAPA_PLACE_CALLBACK] = "telepon balik", [SAPA_PLACE_OUTSIDE] = "di luar", [SAPA_PLACE_ENDED] = "selesai")

WORDS(presence, sapa_presence_name,
    [SAPA_PRESENCE_OFFLINE] = "keluar", [SAPA_PRESENCE_NOT_READY] = "tidak siap", [SAPA_PRESENCE_READY] = "siap")

WORDS(offer, sapa_offer_result_name,
    [SAPA_OFFER_OPEN] = "masih berdering", [SAPA_OFFER_ACCEPTED] = "diterima", [SAPA_OFFER_REFUSED] = "ditolak",
    [SAPA_OFFER_NO_ANSWER] = "tidak dijawab", [SAPA_OFFER_BUSY] = "sibuk",
    [SAPA_OFFER_UNREACHABLE] = "tidak terjangkau", [SAPA_OFFER_CANCELLED] = "penelepon pergi",
    [SAPA_OFFER_LOST_RACE] = "agen lain lebih cepat", [SAPA_OFFER_FAULT] = "gangguan sistem",
    [SAPA_OFFER_WITHDRAWN] = "ditarik kembali")

WORDS(dequeue, sapa_dequeue_name,
    [SAPA_DEQUEUE_CONNECTED] = "tersambung", [SAPA_DEQUEUE_ABANDONED] = "ditinggalkan",
    [SAPA_DEQUEUE_OVERFLOW_WAIT] = "luapan: menunggu terlalu lama",
    [SAPA_DEQUEUE_OVERFLOW_LENGTH] = "luapan: antrean terlalu panjang",
    [SAPA_DEQUEUE_OVERFLOW_EWT] = "luapan: perkiraan tunggu terlalu lama",
    [SAPA_DEQUEUE_CALLBACK] = "menjadi telepon balik", [SAPA_DEQUEUE_MOVED] = "dipindah penyelia",
    [SAPA_DEQUEUE_FLOW] = "keluar oleh alur", [SAPA_DEQUEUE_FAULT] = "gangguan sistem",
    [SAPA_DEQUEUE_NO_AGENTS] = "tidak ada agen yang masuk")

WORDS(callback, sapa_callback_name,
    [SAPA_CALLBACK_WAITING] = "menunggu giliran", [SAPA_CALLBACK_AGENT] = "agen ditanya",
    [SAPA_CALLBACK_DIALLING] = "pelanggan ditelepon", [SAPA_CALLBACK_REACHED] = "tersambung",
    [SAPA_CALLBACK_RETRY] = "akan dicoba lagi", [SAPA_CALLBACK_FAILED] = "gagal",
    [SAPA_CALLBACK_CANCELLED] = "dibatalkan")

WORDS(why, sapa_why_name,
    [SAPA_WHY_CHOSEN] = "dipilih", [SAPA_WHY_OFFLINE] = "belum masuk", [SAPA_WHY_NOT_READY] = "tidak siap",
    [SAPA_WHY_DEVICE] = "telepon tidak terjangkau", [SAPA_WHY_BUSY] = "sedang melayani kontak lain",
    [SAPA_WHY_CAPACITY] = "kapasitas kanal ini habis", [SAPA_WHY_RESERVED] = "disisakan untuk telepon",
    [SAPA_WHY_WRAPUP] = "catatan akhir", [SAPA_WHY_OFFERED] = "sedang ditawari kontak lain",
    [SAPA_WHY_SKILL] = "keahlian kurang", [SAPA_WHY_TEAM] = "bukan tim pada langkah ini",
    [SAPA_WHY_CLIENT] = "tidak melayani klien ini",
    [SAPA_WHY_JUST_REFUSED] = "baru saja menolak atau melewatkan kontak ini",
    [SAPA_WHY_LOWER] = "agen lain didahulukan oleh aturan antrean",
    [SAPA_WHY_AHEAD] = "kontak di depannya", [SAPA_WHY_PREFERRED] = "menunggu agen pilihan",
    [SAPA_WHY_NO_AGENT] = "tidak ada yang masuk dan dapat menerimanya", [SAPA_WHY_CLOSED] = "antrean tutup",
    [SAPA_WHY_INTERRUPT] = "sedang melayani yang tidak boleh disela kanal ini",
    [SAPA_WHY_QUEUE] = "dilepas dari antrean ini oleh penyelia")

WORDS(channel, sapa_channel_name,
    [SAPA_CHANNEL_VOICE] = "telepon", [SAPA_CHANNEL_CHAT] = "chat", [SAPA_CHANNEL_EMAIL] = "email",
    [SAPA_CHANNEL_SMS] = "SMS", [SAPA_CHANNEL_MESSAGE] = "pesan", [SAPA_CHANNEL_SOCIAL] = "medsos",
    [SAPA_CHANNEL_VIDEO] = "video", [SAPA_CHANNEL_TICKET] = "tiket")
