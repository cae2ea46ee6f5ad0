/* What the plugin offers to its host. The host may call it on any thread. */
#ifndef PLUGIN_H
#define PLUGIN_H

#include <stdint.h>

enum plugin_status {
    PLUGIN_DONE,
    PLUGIN_FAILED,
    /* The caller is inside of a call, and would wait for itself. */
    PLUGIN_REFUSED,
};

struct plugin_answer {
    enum plugin_status status;
    uint64_t number;
};

typedef void plugin_part(void *context, uint64_t part);

typedef void plugin_begin_function(uint16_t port);
typedef struct plugin_answer plugin_ask_function(uint64_t number);
typedef enum plugin_status plugin_each_function(uint64_t number, uint32_t parts,
                                                plugin_part *part, void *context);
/* Whether the library may be unloaded. */
typedef int plugin_end_function(void);

#endif
