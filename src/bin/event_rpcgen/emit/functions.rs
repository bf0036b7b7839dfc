//! The functions of a message.

use std::collections::BTreeSet;

use super::field::Emitter;
use super::fill;
use crate::schema::Message;

pub const INTERNAL: &str = "\
static int @M@_unmarshal_depth_(struct @M@ *, struct evbuffer *, int);
static int @M@_unmarshal_field_(struct @M@ *, struct evbuffer *, ev_uint32_t,
    int);
";

const FUNCTIONS: &str = "
/* struct @M@ */

static struct @M@_access_ @M@_base_ = {
@pointers@};

struct @M@ *
@M@_new(void)
{
\treturn @M@_new_with_arg(NULL);
}

struct @M@ *
@M@_new_with_arg(void *unused)
{
\tstruct @M@ *msg = (struct @M@ *)calloc(1, sizeof(*msg));

\t(void)unused;
\tif (msg == NULL) {
\t\tevent_warn(\"%s: calloc\", \"@M@_new\");
\t\treturn NULL;
\t}
\tmsg->base = &@M@_base_;
\treturn msg;
}

void
@M@_free(struct @M@ *msg)
{
\tif (msg == NULL)
\t\treturn;
\t@M@_clear(msg);
\tfree(msg);
}

void
@M@_clear(struct @M@ *msg)
{
\t(void)msg;
@clear@}

void
@M@_marshal(struct evbuffer *evbuf, const struct @M@ *msg)
{
\t(void)evbuf;
\t(void)msg;
@marshal@}

int
@M@_complete(struct @M@ *msg)
{
\t(void)msg;
@complete@\treturn 0;
}

int
@M@_unmarshal(struct @M@ *msg, struct evbuffer *evbuf)
{
\treturn @M@_unmarshal_depth_(msg, evbuf, 1);
}

void
evtag_marshal_@M@(struct evbuffer *evbuf, ev_uint32_t tag,
    const struct @M@ *msg)
{
\tstruct evbuffer *payload = evbuffer_new();

\tif (payload == NULL) {
\t\tevent_warn(\"%s: evbuffer_new\", \"evtag_marshal_@M@\");
\t\treturn;
\t}
\t@M@_marshal(payload, msg);
\tevtag_marshal_buffer(evbuf, tag, payload);
\tevbuffer_free(payload);
}

int
evtag_unmarshal_@M@(struct evbuffer *evbuf, ev_uint32_t need_tag,
    struct @M@ *msg)
{
\treturn @M@_unmarshal_field_(msg, evbuf, need_tag, 1);
}

@accessors@@readers@
static int
@M@_unmarshal_field_(struct @M@ *msg, struct evbuffer *evbuf,
    ev_uint32_t need_tag, int depth)
{
\tstruct evbuffer *payload = rpcgen_take_(evbuf, need_tag);
\tint result;

\tif (payload == NULL)
\t\treturn -1;
\tresult = @M@_unmarshal_depth_(msg, payload, depth);
\tevbuffer_free(payload);
\treturn result;
}

static int
@M@_unmarshal_depth_(struct @M@ *msg, struct evbuffer *evbuf, int depth)
{
\tif (depth > EVENT_RPCGEN_MAX_DEPTH) {
\t\tevent_warnx(\"%s: nested too deeply\", \"@M@_unmarshal\");
\t\treturn -1;
\t}
\twhile (evbuffer_get_length(evbuf) > 0) {
\t\tconst char *field = NULL;
\t\tev_uint32_t tag;
\t\tint result = -1;

\t\tif (evtag_peek(evbuf, &tag) == -1)
\t\t\treturn -1;
\t\tswitch (tag) {
@cases@\t\tdefault:
\t\t\tbreak;
\t\t}
\t\tif (result == -1) {
\t\t\tevent_warnx(\"%s: failed to read %s\", \"@M@_unmarshal\",
\t\t\t    field ? field : \"an unknown field\");
\t\t\treturn -1;
\t\t}
\t}
\treturn @M@_complete(msg);
}
";

const CASE: &str = "\
\t\tcase @TAG@:
\t\t\tfield = \"@F@\";
\t\t\tresult = @M@_@F@_unmarshal_(msg, evbuf@depth@);
\t\t\tbreak;
";

/// `own` are the structs of the same file.
pub fn of(message: &Message, own: &BTreeSet<&str>) -> String {
    let fields = || {
        message
            .fields
            .iter()
            .map(|field| Emitter { message, field })
    };
    let mut pointers: String = fields().map(|field| field.pointers()).collect();
    if pointers.is_empty() {
        pointers = "\t0\n".to_owned();
    }
    let clear: String = fields().map(|field| field.clear()).collect();
    let marshal: String = fields().map(|field| field.marshal()).collect();
    let complete: String = fields().map(|field| field.complete()).collect();
    let cases: String = fields()
        .map(|field| {
            let depth = if field.passes_depth(own) {
                ", depth"
            } else {
                ""
            };
            field.fill(CASE, &[("depth", depth)])
        })
        .collect();
    let accessors: String = fields().map(|field| field.functions()).collect();
    let readers: String = fields().map(|field| field.reader(own)).collect();
    fill(
        FUNCTIONS,
        &[
            ("M", &message.name),
            ("pointers", &pointers),
            ("clear", &clear),
            ("marshal", &marshal),
            ("complete", &complete),
            ("cases", &cases),
            ("accessors", &accessors),
            ("readers", &readers),
        ],
    )
}
