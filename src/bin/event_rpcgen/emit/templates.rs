//! The C of fields, by their kind. `@T@` is the type of a value with its blank, `@M@` the message,
//! `@F@` the field, `@O@` the struct it consists of, `@N@` its length.

use super::field::Accessor;

pub const MEMBERS: &str = "\t@T@@F@_data;\n";
pub const BYTES_MEMBERS: &str = "\tev_uint8_t *@F@_data;\n\tev_uint32_t @F@_length;\n";
pub const FIXED_BYTES_MEMBERS: &str = "\tev_uint8_t @F@_data[@N@];\n";
pub const ARRAY_MEMBERS: &str = "\t@T@*@F@_data;\n\tint @F@_length;\n\tint @F@_num_allocated;\n";

pub const ACCESSOR: &str = "
@returns@
@M@_@F@_@verb@(struct @M@ *msg@parameters@)
{
@body@}
";

const fn assign(parameters: &'static str, body: &'static str) -> Accessor {
    Accessor {
        verb: "assign",
        returns: "int ",
        parameters,
        body,
    }
}

const fn get(parameters: &'static str, body: &'static str) -> Accessor {
    Accessor {
        verb: "get",
        returns: "int ",
        parameters,
        body,
    }
}

const fn add(returns: &'static str, parameters: &'static str, body: &'static str) -> Accessor {
    Accessor {
        verb: "add",
        returns,
        parameters,
        body,
    }
}

const GET: Accessor = get(
    ", @T@*value",
    "\
\tif (msg->@F@_set != 1)
\t\treturn -1;
\t*value = msg->@F@_data;
\treturn 0;
",
);

const GET_ELEMENT: Accessor = get(
    ", int offset, @T@*value",
    "\
\tif (!rpcgen_in_range_(offset, msg->@F@_length))
\t\treturn -1;
\t*value = msg->@F@_data[offset];
\treturn 0;
",
);

pub const INT: [Accessor; 2] = [
    assign(
        ", const @T@value",
        "\
\tmsg->@F@_data = value;
\tmsg->@F@_set = 1;
\treturn 0;
",
    ),
    GET,
];

pub const INT_ARRAY: [Accessor; 3] = [
    assign(
        ", int offset, const @T@value",
        "\
\tif (!rpcgen_in_range_(offset, msg->@F@_length))
\t\treturn -1;
\tmsg->@F@_data[offset] = value;
\treturn 0;
",
    ),
    GET_ELEMENT,
    add(
        "@T@*",
        ", const @T@value",
        "\
\t@T@*data = (@T@*)rpcgen_grow_(msg->@F@_data,
\t    msg->@F@_length, &msg->@F@_num_allocated, sizeof(*data));

\tif (data == NULL)
\t\treturn NULL;
\tmsg->@F@_data = data;
\tmsg->@F@_set = 1;
\tdata[msg->@F@_length] = value;
\treturn &data[msg->@F@_length++];
",
    ),
];

pub const TEXT: [Accessor; 2] = [
    assign(
        ", const char *value",
        "\
\tchar *copy = rpcgen_copy_(value, strlen(value));

\tif (copy == NULL)
\t\treturn -1;
\tfree(msg->@F@_data);
\tmsg->@F@_data = copy;
\tmsg->@F@_set = 1;
\treturn 0;
",
    ),
    GET,
];

pub const TEXT_ARRAY: [Accessor; 3] = [
    assign(
        ", int offset, const char *value",
        "\
\tchar *copy;

\tif (!rpcgen_in_range_(offset, msg->@F@_length))
\t\treturn -1;
\tcopy = rpcgen_copy_(value, strlen(value));
\tif (copy == NULL)
\t\treturn -1;
\tfree(msg->@F@_data[offset]);
\tmsg->@F@_data[offset] = copy;
\treturn 0;
",
    ),
    GET_ELEMENT,
    add(
        "char **",
        ", const char *value",
        "\
\tchar *copy = rpcgen_copy_(value, strlen(value));
\tchar **element;

\tif (copy == NULL)
\t\treturn NULL;
\telement = @M@_@F@_append_(msg, copy);
\tif (element == NULL)
\t\tfree(copy);
\treturn element;
",
    ),
];

pub const BYTES: [Accessor; 2] = [
    assign(
        ", const ev_uint8_t *value, ev_uint32_t length",
        "\
\tchar *copy = rpcgen_copy_(value, length);

\tif (copy == NULL)
\t\treturn -1;
\tfree(msg->@F@_data);
\tmsg->@F@_data = (ev_uint8_t *)copy;
\tmsg->@F@_length = length;
\tmsg->@F@_set = 1;
\treturn 0;
",
    ),
    get(
        ", ev_uint8_t **value, ev_uint32_t *length",
        "\
\tif (msg->@F@_set != 1)
\t\treturn -1;
\t*value = msg->@F@_data;
\t*length = msg->@F@_length;
\treturn 0;
",
    ),
];

pub const FIXED_BYTES: [Accessor; 2] = [
    assign(
        ", const ev_uint8_t *value",
        "\
\tmemmove(msg->@F@_data, value, sizeof(msg->@F@_data));
\tmsg->@F@_set = 1;
\treturn 0;
",
    ),
    GET,
];

pub const STRUCT: [Accessor; 2] = [
    assign(
        ", const struct @O@ *value",
        "\
\tif (msg->@F@_data == NULL && (msg->@F@_data = @O@_new()) == NULL)
\t\treturn -1;
\tmsg->@F@_set = 0;
\tif (@O@_copy_(msg->@F@_data, value) == -1)
\t\treturn -1;
\tmsg->@F@_set = 1;
\treturn 0;
",
    ),
    // It is a way of filling the field in, too.
    get(
        ", struct @O@ **value",
        "\
\tif (msg->@F@_data == NULL && (msg->@F@_data = @O@_new()) == NULL)
\t\treturn -1;
\tmsg->@F@_set = 1;
\t*value = msg->@F@_data;
\treturn 0;
",
    ),
];

pub const STRUCT_ARRAY: [Accessor; 3] = [
    assign(
        ", int offset, const struct @O@ *value",
        "\
\tif (!rpcgen_in_range_(offset, msg->@F@_length))
\t\treturn -1;
\treturn @O@_copy_(msg->@F@_data[offset], value);
",
    ),
    GET_ELEMENT,
    add(
        "struct @O@ *",
        "",
        "\
\tstruct @O@ *element = @O@_new();

\tif (element != NULL && @M@_@F@_append_(msg, element) == NULL) {
\t\t@O@_free(element);
\t\treturn NULL;
\t}
\treturn element;
",
    ),
];

/// Gives a value that is allocated to an array.
pub const APPEND: &str = "
static @T@*
@M@_@F@_append_(struct @M@ *msg, @T@value)
{
\t@T@*data = (@T@*)rpcgen_grow_(msg->@F@_data,
\t    msg->@F@_length, &msg->@F@_num_allocated, sizeof(*data));

\tif (data == NULL)
\t\treturn NULL;
\tmsg->@F@_data = data;
\tmsg->@F@_set = 1;
\tdata[msg->@F@_length] = value;
\treturn &data[msg->@F@_length++];
}
";

pub const CLEAR_INT: &str = "\tmsg->@F@_data = 0;\n";
pub const CLEAR_TEXT: &str = "\tfree(msg->@F@_data);\n\tmsg->@F@_data = NULL;\n";
pub const CLEAR_BYTES: &str = "\
\tfree(msg->@F@_data);
\tmsg->@F@_data = NULL;
\tmsg->@F@_length = 0;
";
pub const CLEAR_FIXED_BYTES: &str = "\tmemset(msg->@F@_data, 0, sizeof(msg->@F@_data));\n";
pub const CLEAR_STRUCT: &str = "\
\tif (msg->@F@_data != NULL)
\t\t@O@_free(msg->@F@_data);
\tmsg->@F@_data = NULL;
";
pub const CLEAR_INT_ARRAY: &str = "\
\tfree(msg->@F@_data);
\tmsg->@F@_data = NULL;
\tmsg->@F@_length = 0;
\tmsg->@F@_num_allocated = 0;
";
pub const CLEAR_TEXT_ARRAY: &str = "\
\twhile (msg->@F@_length > 0)
\t\tfree(msg->@F@_data[--msg->@F@_length]);
\tfree(msg->@F@_data);
\tmsg->@F@_data = NULL;
\tmsg->@F@_num_allocated = 0;
";
pub const CLEAR_STRUCT_ARRAY: &str = "\
\twhile (msg->@F@_length > 0)
\t\t@O@_free(msg->@F@_data[--msg->@F@_length]);
\tfree(msg->@F@_data);
\tmsg->@F@_data = NULL;
\tmsg->@F@_num_allocated = 0;
";

pub const MARSHAL_INT: &str = "evtag_marshal_@int@(evbuf, @TAG@, msg->@F@_data@element@)";
pub const MARSHAL_TEXT: &str = "evtag_marshal_string(evbuf, @TAG@, msg->@F@_data@element@)";
pub const MARSHAL_BYTES: &str = "evtag_marshal(evbuf, @TAG@, msg->@F@_data, msg->@F@_length)";
pub const MARSHAL_FIXED_BYTES: &str =
    "evtag_marshal(evbuf, @TAG@, msg->@F@_data,\n\t    (ev_uint32_t)sizeof(msg->@F@_data))";
pub const MARSHAL_STRUCT: &str = "evtag_marshal_@O@(evbuf, @TAG@, msg->@F@_data@element@)";
pub const MARSHAL_EACH: &str = "\
\t{
\t\tint i;

\t\tfor (i = 0; i < msg->@F@_length; i++)
\t\t\t@value@;
\t}
";

pub const COMPLETE_REQUIRED: &str = "\tif (!msg->@F@_set)\n\t\treturn -1;\n";
pub const COMPLETE_STRUCT: &str = "\
\tif (msg->@F@_set && @O@_complete(msg->@F@_data) == -1)
\t\treturn -1;
";
pub const COMPLETE_STRUCT_ARRAY: &str = "\
\t{
\t\tint i;

\t\tfor (i = 0; i < msg->@F@_length; i++)
\t\t\tif (@O@_complete(msg->@F@_data[i]) == -1)
\t\t\t\treturn -1;
\t}
";

pub const READER: &str = "
static int
@M@_@F@_unmarshal_(struct @M@ *msg, struct evbuffer *evbuf@depth@)
{
@body@}
";
pub const READ_INT: &str = "\
\tif (msg->@F@_set ||
\t    evtag_unmarshal_@int@(evbuf, @TAG@, &msg->@F@_data) == -1)
\t\treturn -1;
\tmsg->@F@_set = 1;
\treturn 0;
";
pub const READ_INT_ARRAY: &str = "\
\t@T@value;

\tif (evtag_unmarshal_@int@(evbuf, @TAG@, &value) == -1)
\t\treturn -1;
\treturn @M@_@F@_add(msg, value) == NULL ? -1 : 0;
";
pub const READ_TEXT: &str = "\
\tif (msg->@F@_set)
\t\treturn -1;
\tmsg->@F@_data = rpcgen_read_(evbuf, @TAG@, NULL);
\tif (msg->@F@_data == NULL)
\t\treturn -1;
\tmsg->@F@_set = 1;
\treturn 0;
";
pub const READ_TEXT_ARRAY: &str = "\
\tchar *value = rpcgen_read_(evbuf, @TAG@, NULL);

\tif (value == NULL)
\t\treturn -1;
\tif (@M@_@F@_append_(msg, value) == NULL) {
\t\tfree(value);
\t\treturn -1;
\t}
\treturn 0;
";
pub const READ_BYTES: &str = "\
\tif (msg->@F@_set)
\t\treturn -1;
\tfree(msg->@F@_data);
\tmsg->@F@_data = (ev_uint8_t *)rpcgen_read_(evbuf, @TAG@,
\t    &msg->@F@_length);
\tif (msg->@F@_data == NULL)
\t\treturn -1;
\tmsg->@F@_set = 1;
\treturn 0;
";
pub const READ_FIXED_BYTES: &str = "\
\tif (msg->@F@_set || evtag_unmarshal_fixed(evbuf, @TAG@,
\t    msg->@F@_data, sizeof(msg->@F@_data)) == -1)
\t\treturn -1;
\tmsg->@F@_set = 1;
\treturn 0;
";
pub const READ_STRUCT: &str = "\
\tif (msg->@F@_set)
\t\treturn -1;
\tif (msg->@F@_data == NULL && (msg->@F@_data = @O@_new()) == NULL)
\t\treturn -1;
\tif (@read@ == -1) {
\t\t@O@_clear(msg->@F@_data);
\t\treturn -1;
\t}
\tmsg->@F@_set = 1;
\treturn 0;
";
pub const READ_STRUCT_ARRAY: &str = "\
\tstruct @O@ *element = @O@_new();

\tif (element == NULL)
\t\treturn -1;
\tif (@read@ == -1 ||
\t    @M@_@F@_append_(msg, element) == NULL) {
\t\t@O@_free(element);
\t\treturn -1;
\t}
\treturn 0;
";

/// Comes once for each struct that fields consist of.
pub const COPY: &str = "
static int
@O@_copy_(struct @O@ *to, const struct @O@ *from)
{
\tstruct evbuffer *payload = evbuffer_new();
\tint result;

\tif (payload == NULL) {
\t\tevent_warn(\"%s: evbuffer_new\", \"@O@_copy_\");
\t\treturn -1;
\t}
\t@O@_marshal(payload, from);
\t@O@_clear(to);
\tresult = @O@_unmarshal(to, payload);
\tif (result == -1)
\t\t@O@_clear(to);
\tevbuffer_free(payload);
\treturn result;
}
";
