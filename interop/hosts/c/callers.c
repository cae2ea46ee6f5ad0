#include "callers.h"

#include <stdatomic.h>

#include "check.h"

enum { WAVES = 5, THREADS = 8, ASKS = 4, PARTS = 3 };

static _Atomic uint64_t next_number = 1;
static _Atomic uint64_t all_answered;

/* What the server answers with. */
static uint64_t answer_of(uint64_t number, uint64_t part)
{
    return number * 1000003 + part;
}

uint64_t answered(void)
{
    return all_answered;
}

static void ask(const struct loaded *plugin)
{
    uint64_t number = next_number++;
    struct plugin_answer answer = plugin->ask(number);
    CHECK(answer.status == PLUGIN_DONE, "%d", answer.status);
    CHECK(answer.number == answer_of(number, 0), "%lu to %lu", answer.number, number);
    all_answered++;
}

struct parts {
    const struct loaded *plugin;
    uint64_t number;
    uint32_t seen;
};

static void see(struct parts *parts, uint64_t part)
{
    CHECK(part == answer_of(parts->number, parts->seen), "%lu to %lu", part, parts->number);
    parts->seen++;
}

static void see_between_calls(void *context, uint64_t part)
{
    struct parts *parts = context;
    see(parts, part);
    ask(parts->plugin);
}

static void see_inside_of_call(void *context, uint64_t part)
{
    struct parts *parts = context;
    see(parts, part);
    struct plugin_answer answer = parts->plugin->ask(parts->number);
    CHECK(answer.status == PLUGIN_REFUSED, "%d", answer.status);
}

static void ask_for_parts(const struct loaded *plugin, plugin_each_function *each, plugin_part *see)
{
    struct parts parts = {.plugin = plugin, .number = next_number++};
    enum plugin_status status = each(parts.number, PARTS, see, &parts);
    CHECK(status == PLUGIN_DONE && parts.seen == PARTS, "%d, %u parts", status, parts.seen);
    all_answered++;
}

void use_plugin(const struct loaded *plugin)
{
    for (int i = 0; i < ASKS; i++)
        ask(plugin);
    ask_for_parts(plugin, plugin->each, see_between_calls);
    ask_for_parts(plugin, plugin->each_inside, see_inside_of_call);
}

static void *use(void *plugin)
{
    use_plugin(plugin);
    return NULL;
}

void use_plugin_on_threads(const struct loaded *plugin)
{
    /* Zero is the system's own size. */
    static const size_t stacks[] = {0, 256 << 10, 128 << 10};

    for (int wave = 0; wave < WAVES; wave++) {
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            threads[i] = start_thread(stacks[i % 3], use, (void *)plugin);
        for (int i = 0; i < THREADS; i++)
            CHECK(pthread_join(threads[i], NULL) == 0, "wave %d", wave);
    }
}

void on_thread(void *(*run)(void *), const struct loaded *plugin)
{
    CHECK(pthread_join(start_thread(0, run, (void *)plugin), NULL) == 0, "a thread of its own");
}

pthread_t start_thread(size_t stack, void *(*run)(void *), void *argument)
{
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(pthread_attr_init(&attributes) == 0, "attributes");
    CHECK(!stack || pthread_attr_setstacksize(&attributes, stack) == 0, "%zu bytes", stack);
    CHECK(pthread_create(&thread, &attributes, run, argument) == 0, "%zu bytes", stack);
    pthread_attr_destroy(&attributes);
    return thread;
}
