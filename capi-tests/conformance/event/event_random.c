/*
 * Random programs: thousands of steps that are the same on every library, with
 * the events that ran in each turn as the trace. The programs are correct (they
 * delete events before they close the descriptor), but they replace descriptors
 * all the time, keep duplicates of closed ones, and make those ready.
 */
#include "events.h"
#include "random.h"
#include <event2/event_struct.h>

enum { SLOTS = 8, EVENTS = 24, FIRST = 60, TURNS = 3000, GHOSTS = 6 };

/* Slot i is descriptor FIRST + i; its peer makes it readable. */
static int peers[SLOTS];
/* Duplicates of descriptors that were closed, and their peers. */
static int ghosts[GHOSTS], ghost_peers[GHOSTS], next_ghost;

static struct event events[EVENTS];
static int calls[EVENTS];
static char ran[EVENTS];
static short ran_with[EVENTS];

static void
open_slot(int slot)
{
	int fresh[2];

	capi_pair(fresh);
	if (fresh[0] != FIRST + slot) {
		ck_assert_int_eq(dup2(fresh[0], FIRST + slot), FIRST + slot);
		close(fresh[0]);
	}
	/* Numbers in the way of other slots must not be taken by accident. */
	peers[slot] = fcntl(fresh[1], F_DUPFD, 200);
	ck_assert_int_ge(peers[slot], 200);
	close(fresh[1]);
}

static void
replace_slot(int slot, int leave_ghost)
{
	for (int i = 0; i < EVENTS; i++)
		if (event_initialized(&events[i]) &&
		    event_get_fd(&events[i]) == FIRST + slot)
			ck_assert_int_eq(event_del(&events[i]), 0);
	if (leave_ghost) {
		int ghost = next_ghost++ % GHOSTS;

		if (ghosts[ghost]) {
			close(ghosts[ghost]);
			close(ghost_peers[ghost]);
		}
		ghosts[ghost] = fcntl(FIRST + slot, F_DUPFD, 200);
		ghost_peers[ghost] = peers[slot];
		/* Ready for all that it was ever registered for. */
		feed(peers[slot]);
	} else {
		close(peers[slot]);
	}
	close(FIRST + slot);
	open_slot(slot);
}

/* What a callback does depends on the event only, not on the order of a turn. */
CALLBACK(act)
{
	int index = (int)((struct event *)arg - events);
	unsigned choice =
	    (unsigned)(index * 2654435761u + (unsigned)calls[index]++ * 40503u) >> 7;
	char byte;

	ran[index]++;
	ran_with[index] |= told_by_21(what);
	if (index % 4 == 1 && read(fd, &byte, 1) == -1)
		ck_assert_int_eq(errno, EAGAIN);
	if (index % 4 == 2)
		ck_assert_int_eq(event_add(arg, NULL), 0);
	if (index % 4 == 3 && choice % 3 == 0)
		ck_assert_int_eq(event_del(arg), 0);
	if (index % 8 == 7 && choice % 5 == 0)
		replace_slot(fd - FIRST, choice % 2);
}

static void
step(void)
{
	static const short kinds[] = {EV_READ, EV_WRITE, EV_READ | EV_WRITE,
	    EV_READ | EV_PERSIST, EV_WRITE | EV_PERSIST,
	    EV_READ | EV_WRITE | EV_PERSIST};
	int index = (int)random_below(EVENTS), slot = (int)random_below(SLOTS);
	struct event *event = &events[index];
	char buffer[64];

	switch (random_below(12)) {
	case 0:
		if (event_initialized(event))
			event_del(event);
		event_assign(event, base, FIRST + slot, kinds[random_below(6)], act,
		    event);
		break;
	case 1:
	case 2:
	case 3:
		if (event_initialized(event))
			ck_assert_int_eq(event_add(event, NULL), 0);
		break;
	case 4:
		if (event_initialized(event))
			ck_assert_int_eq(
			    add_ms(event, random_below(3) ? 100000 : 0), 0);
		break;
	case 5:
	case 6:
		if (event_initialized(event))
			ck_assert_int_eq(event_del(event), 0);
		break;
	case 7:
		feed(peers[slot]);
		break;
	case 8:
		while (read(FIRST + slot, buffer, sizeof(buffer)) > 0)
			;
		break;
	case 9:
		replace_slot(slot, random_below(2));
		break;
	case 10:
		if (event_initialized(event))
			event_active(event, EV_READ, 1);
		break;
	default:
		/* Deleted and added again: nothing may be lost by it. */
		if (event_initialized(event) && pending(event)) {
			ck_assert_int_eq(event_del(event), 0);
			ck_assert_int_eq(event_add(event, NULL), 0);
		}
		break;
	}
}

static void
trace_turn(int number, int result)
{
	char line[EVENTS * 12 + 1] = "";

	for (int i = 0; i < EVENTS; i++) {
		if (ran[i])
			sprintf(line + strlen(line), " %d:%x*%d", i,
			    (unsigned)ran_with[i], ran[i]);
		ran[i] = 0;
		ran_with[i] = 0;
	}
	trace("%d: %d%s", number, result, line);
}

/* The child goes on with the life, and every file that it closes lives on in
 * its parents. Returns 1 in the parent, when the child has come to its end. */
static int
fork_and_go_on(void)
{
	pid_t child;
	int status;

	fflush(stdout);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		ck_assert_int_eq(event_reinit(base), 0);
		return 0;
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	return 1;
}

/* With GENERATION, only so many turns in one process. */
static void
live_on(unsigned long long seed, int flags, int generation)
{
	int forked = 0;
	struct event_config *config = event_config_new();

	event_config_set_flag(config, flags);
	base = event_base_new_with_config(config);
	random_state = seed;
	for (int slot = 0; slot < SLOTS; slot++)
		open_slot(slot);
	for (int i = 0; i < TURNS; i++) {
		if (generation && i % generation == generation - 1) {
			if (fork_and_go_on()) {
				if (forked)
					_exit(0);
				return;
			}
			forked = 1;
		}
		for (unsigned n = random_below(6); n > 0; n--)
			step();
		trace_turn(i, event_base_loop(base,
		    EVLOOP_ONCE | EVLOOP_NONBLOCK));
	}
	for (int i = 0; i < EVENTS; i++)
		if (event_initialized(&events[i]))
			event_del(&events[i]);
	ck_assert_int_eq(
	    event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
	ck_assert_int_eq(once(), 1);
	event_base_free(base);
	if (forked)
		_exit(0);
}

static void
live(unsigned long long seed, int flags)
{
	live_on(seed, flags, 0);
}

TEST(one_life)
{
	live(1, 0);
}

TEST(another_life)
{
	live(0xfeedface, 0);
}

TEST(a_third_life)
{
	live(31337, 0);
}

TEST(a_life_without_cached_time)
{
	live(4711, EVENT_BASE_FLAG_NO_CACHE_TIME);
}

TEST(a_life_in_many_processes)
{
	live_on(2024, 0, 60);
}
