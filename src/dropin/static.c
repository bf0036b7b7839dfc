/*
 * The functions that take a session of a TLS library, for libevent_rs.a: see static.sh. They lead to
 * those of the library, which have event_rs_ before their names there.
 */
typedef void *any;

#define MAKES_BUFFEREVENT(name, second)                                                        \
	any event_rs_##name(any base, second on, any session, int state, int options);         \
	any name(any base, second on, any session, int state, int options);                    \
	any name(any base, second on, any session, int state, int options)                     \
	{                                                                                      \
		return event_rs_##name(base, on, session, state, options);                     \
	}

#ifdef USES_openssl
MAKES_BUFFEREVENT(bufferevent_openssl_socket_new, int)
MAKES_BUFFEREVENT(bufferevent_openssl_filter_new, any)
#endif

#ifdef USES_mbedtls
MAKES_BUFFEREVENT(bufferevent_mbedtls_socket_new, int)
MAKES_BUFFEREVENT(bufferevent_mbedtls_filter_new, any)

any event_rs_bufferevent_mbedtls_dyncontext_new(any config);
any bufferevent_mbedtls_dyncontext_new(any config);
any
bufferevent_mbedtls_dyncontext_new(any config)
{
	return event_rs_bufferevent_mbedtls_dyncontext_new(config);
}
#endif
