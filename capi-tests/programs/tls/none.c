/* Without any TLS library there is no bufferevent, and a message. */
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

static int messages;

static void
on_log(int severity, const char *message)
{
	if (severity == EVENT_LOG_WARN && strstr(message, "was not found"))
		messages++;
}

int
main(void)
{
	char session[64] = "";
	void *ssl = session;
	struct event_base *base = event_base_new();

	event_set_log_callback(on_log);
	if (bufferevent_openssl_socket_new(
		base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, 0) ||
	    bufferevent_openssl_filter_new(base, NULL, ssl,
		BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE) ||
	    bufferevent_mbedtls_socket_new(
		base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, 0) ||
	    bufferevent_mbedtls_dyncontext_new(ssl))
		return 1;
	event_base_free(base);
	puts(messages == 4 ? "refused" : "failed");
	return messages != 4;
}
