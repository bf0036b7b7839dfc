/*
 * Random life in the active queues: callbacks activate, delete, re-prioritise
 * and finalize each other, raise signals and end the loop. The order in which
 * everything runs is the trace, the same on every backend.
 */
#include "events.h"
#include "random.h"
#include <event2/event_struct.h>

enum { EVENTS = 16, PRIORITIES = 4, TURNS = 1500 };

static struct event events[EVENTS];
static int finalizing[EVENTS];
static const struct timeval *at_once;
static int budget;
static char line[8192];

__attribute__((format(printf, 1, 2))) static void
say(const char *format, ...)
{
	size_t used = strlen(line);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line + used, sizeof(line) - used, format, arguments);
	va_end(arguments);
}

static void operate(void);

CALLBACK(act)
{
	say(" %d:%x", (int)((struct event *)arg - events), told_by_21(what));
	while (budget > 0 && random_below(3) == 0) {
		budget--;
		operate();
	}
}

CALLBACK(act_once)
{
	say(" once:%x", told_by_21(what));
	if (budget-- > 0)
		operate();
}

/* Three kinds: plain, persistent, signals. */
static void
assign(int index)
{
	if (index % 4 == 3)
		event_assign(&events[index], base,
		    index % 8 == 3 ? SIGUSR1 : SIGUSR2,
		    EV_SIGNAL | EV_PERSIST, act, &events[index]);
	else
		event_assign(&events[index], base, -1,
		    index % 4 == 2 ? EV_PERSIST : 0, act, &events[index]);
	event_priority_set(&events[index], (int)random_below(PRIORITIES));
}

static void
finalizer(struct event *event, void *arg)
{
	int index = (int)(event - events);

	ck_assert_ptr_eq(event, arg);
	say(" fin%d", index);
	finalizing[index] = 0;
	assign(index);
}

static void
operate(void)
{
	int index = (int)random_below(EVENTS);
	struct event *event = &events[index];
	int is_signal = index % 4 == 3;

	switch (random_below(16)) {
	case 0:
	case 1:
	case 2:
		event_active(event, 1 << random_below(3), (short)(1 + random_below(3)));
		break;
	case 3:
		event_active(event, is_signal ? EV_SIGNAL : EV_READ,
		    (short)random_below(4));
		break;
	case 4:
	case 5:
		say(" del%d=%d", index, event_del(event));
		break;
	case 6:
		say(" pri%d=%d", index,
		    event_priority_set(event, (int)random_below(PRIORITIES + 1)));
		break;
	case 7:
	case 8:
		say(" add%d=%d", index,
		    event_add(event, index % 4 < 2 ? at_once : NULL));
		break;
	case 9:
		say(" pend%d=%x", index, (unsigned)told_by_21(pending(event)));
		break;
	case 10:
		if (!finalizing[index] && random_below(3) == 0) {
			finalizing[index] = 1;
			event_finalize(0, event, finalizer);
		}
		break;
	case 11:
		event_base_once(base, -1, EV_TIMEOUT, act_once, NULL, NULL);
		break;
	case 12:
		/* Its default action is not for us. */
		event_base_active_by_signal(base,
		    random_below(2) ? SIGUSR1 : SIGUSR2);
		break;
	case 13:
		event_base_loopcontinue(base);
		break;
	case 14:
		if (random_below(2))
			event_base_loopbreak(base);
		else
			event_base_loopexit(base, NULL);
		break;
	default:
		say(" n=%d", event_base_get_num_events(base,
		    EVENT_BASE_COUNT_ACTIVE | EVENT_BASE_COUNT_ADDED));
		break;
	}
}

static void
live(unsigned long long seed, int most_callbacks)
{
	static const int flags[] = {EVLOOP_NONBLOCK, EVLOOP_ONCE | EVLOOP_NONBLOCK,
	    EVLOOP_NONBLOCK | EVLOOP_NO_EXIT_ON_EMPTY};
	struct event_config *config = event_config_new();
	struct timeval zero = {0, 0};

	event_config_set_max_dispatch_interval(config, NULL, most_callbacks, 1);
	base = event_base_new_with_config(config);
	event_base_priority_init(base, PRIORITIES);
	at_once = event_base_init_common_timeout(base, &zero);
	random_state = seed;
	for (int i = 0; i < EVENTS; i++)
		assign(i);
	for (int i = 0; i < TURNS; i++) {
		int result;

		line[0] = '\0';
		budget = 20;
		for (unsigned n = random_below(6); n > 0; n--)
			operate();
		say(" |");
		result = event_base_loop(base, flags[random_below(3)]);
		trace("%d:%s -> %d exit %d break %d", i, line, result,
		    event_base_got_exit(base), event_base_got_break(base));
	}
	trace("most active %d, most added %d",
	    event_base_get_max_events(base, EVENT_BASE_COUNT_ACTIVE, 0),
	    event_base_get_max_events(base, EVENT_BASE_COUNT_ADDED, 0));
	event_base_free(base);
}

TEST(one_life)
{
	live(1, 0);
}

TEST(another_life)
{
	live(0xfeedface, -1);
}

TEST(a_life_with_two_callbacks_at_a_time)
{
	live(31337, 2);
}
