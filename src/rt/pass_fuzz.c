/* Names of minted credentials, as anybody may send them: refused, or the same when they are written again. */
#include "rt/pass.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sapa_pass pass, again;
    char user[SAPA_PASS_USER_SIZE];

    if (sapa_pass_read((struct sapa_str){ (const char *)data, size }, &pass) != SAPA_OK)
        return 0;
    sapa_assert(pass.expires_s >= 0 && pass.subject.n > 0 && pass.subject.n <= SAPA_PASS_SUBJECT_MAX);
    sapa_assert(sapa_pass_user(&pass, user) == SAPA_OK && sapa_pass_read(sapa_str_of(user), &again) == SAPA_OK);
    sapa_assert(again.kind == pass.kind && again.expires_s == pass.expires_s && again.session == pass.session &&
                again.serial == pass.serial && sapa_str_eq(again.subject, pass.subject));
    return 0;
}
