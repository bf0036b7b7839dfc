//! The frame of the files, and what all messages share.

pub const HEADER: &str = "\
/* Made from @input@ by event_rpcgen: edit that. */
#ifndef @guard@
#define @guard@

#include <event2/util.h>
#include <event2/rpc.h>

#ifdef __cplusplus
extern \"C\" {
#endif

@lines@struct evbuffer;
@structs@@messages@
#ifdef __cplusplus
}
#endif

#endif
";

pub const MESSAGE: &str = "
/* struct @M@ */

enum @enum@ {
@enumerators@\t@MAX_TAGS@
};

struct @M@_access_ {
@access@};

struct @M@ {
\tstruct @M@_access_ *base;
@members@@set@};

struct @M@ *@M@_new(void);
struct @M@ *@M@_new_with_arg(void *unused);
void @M@_free(struct @M@ *msg);
void @M@_clear(struct @M@ *msg);
void @M@_marshal(struct evbuffer *evbuf, const struct @M@ *msg);
int @M@_unmarshal(struct @M@ *msg, struct evbuffer *evbuf);
int @M@_complete(struct @M@ *msg);
void evtag_marshal_@M@(struct evbuffer *evbuf, ev_uint32_t tag,
    const struct @M@ *msg);
int evtag_unmarshal_@M@(struct evbuffer *evbuf, ev_uint32_t need_tag,
    struct @M@ *msg);
@prototypes@";

pub const CODE: &str = "\
/* Made from @input@ by event_rpcgen: edit that. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/tag.h>
#include <event2/util.h>

@lines@#include \"@header@\"

#ifdef __cplusplus
extern \"C\" {
#endif
/* libevent exports them without declaring them. */
void event_warn(const char *format, ...);
void event_warnx(const char *format, ...);
#ifdef __cplusplus
}
#endif

/* How deep a message that is read may be nested: whoever sends it must not
 * choose how much stack it takes. */
#ifndef EVENT_RPCGEN_MAX_DEPTH
#define EVENT_RPCGEN_MAX_DEPTH 64
#endif

@declared@@helpers@@messages@";

/// A static function, which comes with the code that calls it.
pub struct Helper {
    pub name: &'static str,
    pub code: &'static str,
}

/// In such an order that none calls one below it.
pub const HELPERS: [Helper; 5] = [
    Helper {
        name: "rpcgen_copy_",
        code: "
/* A copy with a NUL behind it, to be freed with free(). */
static char *
rpcgen_copy_(const void *data, size_t length)
{
\tchar *copy = (char *)malloc(length + 1);

\tif (copy == NULL) {
\t\tevent_warn(\"%s: malloc\", \"rpcgen_copy_\");
\t\treturn NULL;
\t}
\tif (length > 0)
\t\tmemcpy(copy, data, length);
\tcopy[length] = '\\0';
\treturn copy;
}
",
    },
    Helper {
        name: "rpcgen_grow_",
        code: "
/* Makes room for one more element; leaves an array alone that cannot grow. */
static void *
rpcgen_grow_(void *data, int length, int *allocated, size_t size)
{
\tint wanted = *allocated > 0 ? *allocated : 1;

\tif (length < *allocated)
\t\treturn data;
\tif (*allocated > 0) {
\t\tif (*allocated > INT_MAX / 2)
\t\t\treturn NULL;
\t\twanted = *allocated * 2;
\t}
\tif ((size_t)wanted > (size_t)-1 / size)
\t\treturn NULL;
\tdata = realloc(data, (size_t)wanted * size);
\tif (data == NULL) {
\t\tevent_warn(\"%s: realloc\", \"rpcgen_grow_\");
\t\treturn NULL;
\t}
\t*allocated = wanted;
\treturn data;
}
",
    },
    Helper {
        name: "rpcgen_read_",
        code: "
/* The payload of the next field with a NUL behind it, to be freed with free().
 * Nothing is allocated for bytes that are not there. */
static char *
rpcgen_read_(struct evbuffer *evbuf, ev_uint32_t need_tag, ev_uint32_t *plength)
{
\tev_uint32_t length;
\tchar *data;

\tif (evtag_payload_length(evbuf, &length) == -1 ||
\t    length > evbuffer_get_length(evbuf))
\t\treturn NULL;
\tdata = (char *)malloc((size_t)length + 1);
\tif (data == NULL) {
\t\tevent_warn(\"%s: malloc\", \"rpcgen_read_\");
\t\treturn NULL;
\t}
\tif (evtag_unmarshal_fixed(evbuf, need_tag, data, length) == -1) {
\t\tfree(data);
\t\treturn NULL;
\t}
\tdata[length] = '\\0';
\tif (plength != NULL)
\t\t*plength = length;
\treturn data;
}
",
    },
    Helper {
        name: "rpcgen_take_",
        code: "
/* The payload of the next field, which must have this tag. */
static struct evbuffer *
rpcgen_take_(struct evbuffer *evbuf, ev_uint32_t need_tag)
{
\tstruct evbuffer *payload = evbuffer_new();
\tev_uint32_t tag;

\tif (payload == NULL) {
\t\tevent_warn(\"%s: evbuffer_new\", \"rpcgen_take_\");
\t\treturn NULL;
\t}
\tif (evtag_unmarshal(evbuf, &tag, payload) == -1 || tag != need_tag) {
\t\tevbuffer_free(payload);
\t\treturn NULL;
\t}
\treturn payload;
}
",
    },
    Helper {
        name: "rpcgen_in_range_",
        code: "
static int
rpcgen_in_range_(int offset, int length)
{
\treturn offset >= 0 && offset < length;
}
",
    },
];
