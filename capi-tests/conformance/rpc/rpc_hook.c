/*
 * Hooks: what they see, what they change, and calls that they stop; timeouts and
 * ends of everything in the middle of calls.
 */
// runs: one-backend
// messages: calls
#include "rpcs.h"

/* What the next hooks answer, by name. */
static int answers[128];
/* Contexts of calls that a hook has paused. */
static void *paused[16];
static int n_paused;

static int
hook(void *context, struct evhttp_request *req, struct evbuffer *message,
    void *arg)
{
	const char *name = arg;
	int answer = answers[(int)*name];

	ck_assert_ptr_nonnull(req);
	ck_assert_ptr_nonnull(evrpc_hook_get_connection(context));
	note("%s:%zu", name, evbuffer_get_length(message));
	if (answer == EVRPC_PAUSE)
		paused[n_paused++] = context;
	return answer;
}

static void
add_hooks(void)
{
	ck_assert_ptr_nonnull(evrpc_add_hook(pool, EVRPC_OUTPUT, hook, (void *)"a"));
	ck_assert_ptr_nonnull(evrpc_add_hook(rpcs, EVRPC_INPUT, hook, (void *)"b"));
	ck_assert_ptr_nonnull(evrpc_add_hook(rpcs, EVRPC_OUTPUT, hook, (void *)"c"));
	ck_assert_ptr_nonnull(evrpc_add_hook(pool, EVRPC_INPUT, hook, (void *)"d"));
}

TEST(hooks_see_messages_in_order)
{
	set_up();
	add_hooks();
	evrpc_add_hook(pool, EVRPC_OUTPUT, hook, (void *)"e");
	ask("x", ANSWER);
	wait_for_calls();
	ck_notes("a:6 e:6 b:6 asked:x c:6 d:6 x:0,x,200");
	tear_down();
}

TEST(hooks_are_removed)
{
	void *handle;

	set_up();
	handle = evrpc_add_hook(pool, EVRPC_OUTPUT, hook, (void *)"a");
	ck_assert_int_eq(evrpc_remove_hook(pool, EVRPC_INPUT, handle), 0);
	ck_assert_int_eq(evrpc_remove_hook(pool, EVRPC_OUTPUT, handle), 1);
	ck_assert_int_eq(evrpc_remove_hook(pool, EVRPC_OUTPUT, handle), 0);
	ask("x", ANSWER);
	wait_for_calls();
	ck_notes("asked:x x:0,x,200");
	tear_down();
}

TEST(each_hook_can_end_a_call)
{
	set_up();
	add_hooks();
	answers['a'] = EVRPC_TERMINATE;
	ck_assert_int_eq(ask("x", ANSWER), 0);
	/* At once. */
	ck_notes("a:6 x:3,-,-1");
	answers['a'] = EVRPC_CONTINUE;
	answers['b'] = EVRPC_TERMINATE;
	ask("x", ANSWER);
	wait_for_calls();
	ck_assert_ptr_nonnull(strstr(capi_log, "x:2,-,503"));
	capi_log[0] = '\0';
	answers['b'] = EVRPC_CONTINUE;
	answers['c'] = EVRPC_TERMINATE;
	ask("x", ANSWER);
	wait_for_calls();
	ck_assert_ptr_nonnull(strstr(capi_log, "asked:x c:6 "));
	ck_assert_ptr_nonnull(strstr(capi_log, "x:2,-,503"));
	capi_log[0] = '\0';
	answers['c'] = EVRPC_CONTINUE;
	answers['d'] = EVRPC_TERMINATE;
	ask("x", ANSWER);
	wait_for_calls();
	ck_notes("a:6 b:6 asked:x c:6 d:6 x:4,-,200");
	tear_down();
}

/* Runs until there are so many paused calls. */
static void
wait_for_paused(int n)
{
	int i;

	for (i = 0; n_paused < n && i < 1000; i++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		capi_sleep_ms(1);
	}
	ck_assert_int_eq(n_paused, n);
}

static void
resumed_with(const char *name, void *vbase, int result, const char *expected)
{
	capi_log[0] = '\0';
	n_paused = 0;
	answers[(int)*name] = EVRPC_PAUSE;
	ask("x", ANSWER);
	wait_for_paused(1);
	answers[(int)*name] = EVRPC_CONTINUE;
	note("|");
	ck_assert_int_eq(evrpc_resume_request(vbase, vbase, result), -1);
	ck_assert_int_eq(evrpc_resume_request(vbase, paused[0], result), 0);
	wait_for_calls();
	ck_assert_int_eq(evrpc_resume_request(vbase, paused[0], result), -1);
	ck_notes(expected);
}

TEST(paused_calls_are_resumed)
{
	set_up();
	add_hooks();
	resumed_with("a", pool, EVRPC_CONTINUE,
	    "a:6 | b:6 asked:x c:6 d:6 x:0,x,200");
	resumed_with("b", rpcs, EVRPC_CONTINUE,
	    "a:6 b:6 | asked:x c:6 d:6 x:0,x,200");
	resumed_with("c", rpcs, EVRPC_CONTINUE,
	    "a:6 b:6 asked:x c:6 | d:6 x:0,x,200");
	resumed_with("d", pool, EVRPC_CONTINUE,
	    "a:6 b:6 asked:x c:6 d:6 | x:0,x,200");
	tear_down();
}

TEST(paused_calls_are_ended)
{
	set_up();
	add_hooks();
	resumed_with("a", pool, EVRPC_TERMINATE, "a:6 | x:3,-,-1");
	resumed_with("d", pool, EVRPC_TERMINATE,
	    "a:6 b:6 asked:x c:6 d:6 | x:4,-,200");
	tear_down();
}

TEST(paused_calls_are_ended_by_the_server)
{
	set_up();
	evrpc_add_hook(rpcs, EVRPC_INPUT, hook, (void *)"b");
	evrpc_add_hook(rpcs, EVRPC_OUTPUT, hook, (void *)"c");
	resumed_with("b", rpcs, EVRPC_TERMINATE, "b:6 | x:2,-,503");
	resumed_with("c", rpcs, EVRPC_TERMINATE,
	    "b:6 asked:x c:6 | x:2,-,503");
	tear_down();
}

TEST(paused_calls_are_resumed_in_any_order)
{
	int i;

	make_server();
	make_pool(4);
	add_hooks();
	answers['b'] = EVRPC_PAUSE;
	for (i = 0; i < 4; i++)
		ask("x", ANSWER);
	wait_for_paused(4);
	for (i = 3; i >= 0; i--)
		ck_assert_int_eq(evrpc_resume_request(
		    rpcs, paused[i], EVRPC_CONTINUE), 0);
	wait_for_calls();
	tear_down();
}

/* A hook changes what is sent. */
static int
double_text(void *context, struct evhttp_request *req, struct evbuffer *message,
    void *arg)
{
	struct question *question = question_new();
	char *text, doubled[64];

	(void)context;
	(void)req;
	(void)arg;
	ck_assert_int_eq(question_unmarshal(question, message), 0);
	EVTAG_GET(question, text, &text);
	snprintf(doubled, sizeof(doubled), "%s%s", text, text);
	EVTAG_ASSIGN(question, text, doubled);
	question_marshal(message, question);
	question_free(question);
	return EVRPC_CONTINUE;
}

TEST(hooks_change_messages)
{
	set_up();
	evrpc_add_hook(pool, EVRPC_OUTPUT, double_text, NULL);
	evrpc_add_hook(rpcs, EVRPC_INPUT, double_text, NULL);
	ask("x", ANSWER);
	wait_for_calls();
	ck_notes("asked:xxxx x:0,xxxx,200");
	tear_down();
}

/* Notes of one hook for another. */
static int
write_notes(void *context, struct evhttp_request *req, struct evbuffer *message,
    void *arg)
{
	void *data;
	size_t size;

	(void)req;
	(void)message;
	ck_assert_int_eq(
	    evrpc_hook_find_meta(context, "key", &data, &size), -1);
	evrpc_hook_add_meta(context, "key", arg, strlen(arg));
	evrpc_hook_add_meta(context, "key", "second", 6);
	return EVRPC_CONTINUE;
}

static int
read_notes(void *context, struct evhttp_request *req, struct evbuffer *message,
    void *arg)
{
	void *data;
	size_t size;

	(void)req;
	(void)message;
	ck_assert_int_eq(
	    evrpc_hook_find_meta(context, "key", &data, &size), 0);
	ck_assert_uint_eq(size, strlen(arg));
	ck_assert_mem_eq(data, arg, size);
	ck_assert_int_eq(
	    evrpc_hook_find_meta(context, "other", &data, &size), -1);
	note("read");
	return EVRPC_CONTINUE;
}

TEST(hooks_note_things_for_later_ones)
{
	set_up();
	evrpc_add_hook(pool, EVRPC_OUTPUT, write_notes, (void *)"client");
	evrpc_add_hook(pool, EVRPC_INPUT, read_notes, (void *)"client");
	evrpc_add_hook(rpcs, EVRPC_INPUT, write_notes, (void *)"server");
	evrpc_add_hook(rpcs, EVRPC_OUTPUT, read_notes, (void *)"server");
	ask("x", ANSWER);
	wait_for_calls();
	ck_notes("asked:x read read x:0,x,200");
	tear_down();
}

static int
write_nothing(void *context, struct evhttp_request *req,
    struct evbuffer *message, void *arg)
{
	void *data;
	size_t size = 7;

	(void)req;
	(void)message;
	(void)arg;
	evrpc_hook_add_meta(context, "none", "", 0);
	ck_assert_int_eq(
	    evrpc_hook_find_meta(context, "none", &data, &size), 0);
	ck_assert_uint_eq(size, 0);
	return EVRPC_CONTINUE;
}

TEST(nothing_can_be_noted)
{
	set_up();
	evrpc_add_hook(pool, EVRPC_OUTPUT, write_nothing, NULL);
	ask("x", ANSWER);
	wait_for_calls();
	ck_notes("asked:x x:0,x,200");
	tear_down();
}

/* The next call over the same pool is made by the callback of the last. */
static void
ask_again(struct evrpc_status *status, struct question *question,
    struct answer *answer, void *arg)
{
	note("%d", status->error);
	answer_clear(answer);
	if (arg) {
		EVRPC_MAKE_REQUEST(Ask, pool, question, answer, ask_again, NULL);
		return;
	}
	question_free(question);
	answer_free(answer);
	call_ended();
}

TEST(callbacks_make_calls)
{
	struct question *question = question_new();

	set_up();
	add_hooks();
	EVTAG_ASSIGN(question, text, "x");
	calls++;
	EVRPC_MAKE_REQUEST(
	    Ask, pool, question, answer_new(), ask_again, question);
	wait_for_calls();
	ck_assert_ptr_nonnull(strstr(capi_log, "d:6 0 a:3"));
	tear_down();
}

TEST_TIMED(calls_time_out)
{
	long long start = capi_now_ms();

	set_up();
	evrpc_pool_set_timeout(pool, 1);
	ask("kept", KEEP);
	wait_for_calls();
	ck_assert_int_ge(capi_now_ms() - start, 900);
	ck_notes("asked:kept kept:1,-,-1");
	/* The server answers somebody who is gone. */
	EVTAG_ASSIGN(kept->reply, text, "too late");
	EVRPC_REQUEST_DONE(kept);
	/* Over a new connection. */
	ask("next", ANSWER);
	wait_for_calls();
	ck_notes("asked:next next:0,next,200");
	tear_down();
}

TEST(a_server_that_goes_away)
{
	set_up();
	ask("kept", KEEP);
	while (!kept)
		event_base_loop(base, EVLOOP_ONCE);
	evhttp_connection_free(
	    evhttp_request_get_connection(EVRPC_REQUEST_HTTP(kept)));
	wait_for_calls();
	ck_notes("asked:kept kept:1,-,-1");
	evrpc_pool_free(pool);
	pool = NULL;
	evrpc_free(rpcs);
	rpcs = NULL;
	evhttp_free(http);
	event_base_free(base);
}

TEST(a_connection_is_taken_back)
{
	struct evhttp_connection *con;

	make_server();
	make_pool(0);
	con = connection_to(port);
	evrpc_pool_add_connection(pool, con);
	ask("x", ANSWER);
	wait_for_calls();
	evrpc_pool_remove_connection(pool, con);
	evhttp_connection_free(con);
	evrpc_pool_add_connection(pool, connection_to(port));
	ask("y", ANSWER);
	wait_for_calls();
	ck_notes("asked:x x:0,x,200 asked:y y:0,y,200");
	tear_down();
}
