//! What happens when the library is loaded. (Not in unit tests, where a panic is a failed assertion.)

/// No function of the library may be called before the panic hook is in its place.
#[used]
#[unsafe(link_section = ".init_array")]
static ON_LOAD: extern "C" fn() = {
    extern "C" fn on_load() {
        crate::support::panic::install_hook();
    }
    on_load
};
