#include "media/plugin.h"

#include <dlfcn.h>
#include <string.h>

#include "base/str.h"

/* G.729 alone is left to plug-ins: the one codec of telephones that we do not bring. */
static const struct sapa_codec_plugin *g729;

static bool is_whole(const struct sapa_codec_plugin *plugin)
{
    return plugin->decoder_make && plugin->decoder_drop && plugin->decode && plugin->samples && plugin->encoder_make &&
           plugin->encoder_drop && plugin->encode && plugin->name;
}

sapa_rc sapa_plugin_load(const char *path, char *why, size_t why_size, uint8_t *ret_codec)
{
    struct sapa_text text;

    sapa_text_init(&text, why, why_size);
    if (!strchr(path, '/')) { /* dlopen() would look for it in the system's folders */
        sapa_text_printf(&text, "a path is needed (./%s)", path);
        return SAPA_EINVAL;
    }
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object) {
        const char *said = dlerror();
        sapa_text_printf(&text, "%s", said ? said : path);
        return SAPA_ENOENT;
    }
    sapa_codec_plugin_get *get;
    void *const symbol = dlsym(object, SAPA_CODEC_PLUGIN_SYMBOL);
    memcpy(&get, &symbol, sizeof(get)); /* POSIX: a function's address fits */
    const struct sapa_codec_plugin *plugin = symbol ? get() : NULL;
    sapa_rc rc = SAPA_EINVAL;
    if (!plugin || plugin->abi != SAPA_CODEC_PLUGIN_ABI || plugin->size < sizeof(*plugin) || !is_whole(plugin)) {
        sapa_text_printf(&text, "%s is not a codec plug-in of ABI %u", path, SAPA_CODEC_PLUGIN_ABI);
    } else if (strcmp(plugin->name, "G729") != 0) {
        sapa_text_printf(&text, "%s brings %.20s; only G729 is left to plug-ins", path, plugin->name);
        rc = SAPA_EDENIED;
    } else if (g729) {
        sapa_text_printf(&text, "G729 is there already");
        rc = SAPA_EEXIST;
    } else {
        g729 = plugin;
        *ret_codec = SAPA_CODEC_G729;
        return SAPA_OK;
    }
    dlclose(object);
    return rc;
}

const struct sapa_codec_plugin *sapa_plugin_of(uint8_t codec)
{
    return codec == SAPA_CODEC_G729 ? g729 : NULL;
}
