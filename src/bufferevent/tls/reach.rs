//! Reaching the functions of a TLS library that this one is not linked with.
//!
//! A program that uses TLS has brought its library along. Weak references find it where the loader
//! or the linker bind them, also in static programs; what they don't find is looked up in the scope
//! of whoever calls, and then in the global one. No file is opened: a second copy of a library
//! could do nothing with the sessions of the first.

use core::ffi::{CStr, c_void};
use core::ptr;

use crate::support::zeroed::Zeroed;

/// Declares a table of functions: `required` ones without which there is no table, and `optional`
/// ones. `$symbol` names the weak references to them.
macro_rules! foreign_functions {
    (
        $(#[$doc:meta])* $table:ident, $symbol:ident;
        required { $($name:ident: $type:ty,)* }
        optional { $($optional:ident: $optional_type:ty,)* }
    ) => {
        $(#[$doc])*
        #[allow(non_snake_case, reason = "C names")]
        #[derive(Clone, Copy)]
        pub struct $table {
            $(pub $name: $type,)*
            $(pub $optional: Option<$optional_type>,)*
        }

        #[cfg(target_pointer_width = "64")]
        core::arch::global_asm!(
            ".pushsection .data.rel.ro, \"aw\"",
            ".balign 8",
            concat!(".globl ", stringify!($symbol)),
            concat!(".hidden ", stringify!($symbol)),
            concat!(stringify!($symbol), ":"),
            $(concat!(".weak ", stringify!($name)), concat!(".quad ", stringify!($name)),)*
            $(concat!(".weak ", stringify!($optional)), concat!(".quad ", stringify!($optional)),)*
            ".popsection",
        );
        #[cfg(target_pointer_width = "32")]
        core::arch::global_asm!(
            ".pushsection .data.rel.ro, \"aw\"",
            ".balign 4",
            concat!(".globl ", stringify!($symbol)),
            concat!(".hidden ", stringify!($symbol)),
            concat!(stringify!($symbol), ":"),
            $(concat!(".weak ", stringify!($name)), concat!(".long ", stringify!($name)),)*
            $(concat!(".weak ", stringify!($optional)), concat!(".long ", stringify!($optional)),)*
            ".popsection",
        );

        impl $table {
            const REQUIRED: usize = [$(stringify!($name),)*].len();
            const NAMES: &'static [&'static core::ffi::CStr] = &[
                $($crate::bufferevent::tls::reach::c_name(concat!(stringify!($name), "\0")),)*
                $($crate::bufferevent::tls::reach::c_name(concat!(stringify!($optional), "\0")),)*
            ];
            const LEN: usize = Self::NAMES.len();

            /// The weak references, as the loader has bound them.
            fn weak() -> [*mut core::ffi::c_void; Self::LEN] {
                unsafe extern "C" {
                    static $symbol: [*mut core::ffi::c_void; <$table>::LEN];
                }
                // SAFETY: the assembly above, which nobody changes after the loader. Read once, so
                // that the compiler takes nothing for granted about the addresses.
                unsafe { core::ptr::read_volatile(&raw const $symbol) }
            }

            /// The table of these addresses, or the first name that is missing.
            #[allow(non_snake_case, reason = "C names")]
            fn of(
                found: &[*mut core::ffi::c_void; Self::LEN],
            ) -> Result<Self, &'static core::ffi::CStr> {
                let missing = found[..Self::REQUIRED].iter().position(|function| function.is_null());
                if let Some(missing) = missing {
                    return Err(Self::NAMES[missing]);
                }
                const {
                    assert!(size_of::<$table>() == size_of::<[*mut core::ffi::c_void; <$table>::LEN]>());
                }
                // SAFETY: function pointers in the order of the names; the required ones are not
                // null, and null is `None` for the others. The fields of a struct of equals may be
                // in any order, so that each is set by its name.
                Ok(unsafe {
                    let mut functions = found.iter();
                    let mut next = || functions.next().copied().unwrap_or(core::ptr::null_mut());
                    $(let $name = core::mem::transmute::<*mut core::ffi::c_void, $type>(next());)*
                    $(
                        let $optional =
                            core::mem::transmute::<*mut core::ffi::c_void, Option<$optional_type>>(next());
                    )*
                    Self { $($name,)* $($optional,)* }
                })
            }

            /// The functions that `caller`, an address in a program or library, would call.
            fn find(caller: *const core::ffi::c_void) -> Result<Self, &'static core::ffi::CStr> {
                let mut found = Self::weak();
                // All from one library: what is optional in the one may come from another.
                if found[..Self::REQUIRED].iter().any(|function| function.is_null()) {
                    let scope = $crate::bufferevent::tls::reach::Scope::of(caller);
                    for (function, name) in found.iter_mut().zip(Self::NAMES) {
                        *function = scope.find(name);
                    }
                }
                Self::of(&found)
            }
        }
    };
}
pub(super) use foreign_functions;

/// A name for the loader.
pub const fn c_name(name: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(name.as_bytes()) {
        Ok(name) => name,
        Err(_) => panic!("no C string"),
    }
}

/// Where functions are looked up.
pub struct Scope {
    /// The caller's program or library with what it needs, or null.
    handle: *mut c_void,
}

impl Scope {
    /// What the code at `caller` sees, if that is not null.
    pub fn of(caller: *const c_void) -> Scope {
        let mut info = libc::Dl_info::ZEROED;
        // SAFETY: the name, if there is one, lives as long as the object that is asked for; it is
        // loaded already, so that nothing is opened.
        let handle = unsafe {
            if caller.is_null() || libc::dladdr(caller, &raw mut info) == 0 {
                ptr::null_mut()
            } else {
                let name = info.dli_fname;
                if name.is_null() {
                    ptr::null_mut()
                } else {
                    libc::dlopen(name, libc::RTLD_LAZY | libc::RTLD_NOLOAD)
                }
            }
        };
        Scope { handle }
    }

    /// The address of a function, or null.
    pub fn find(&self, name: &CStr) -> *mut c_void {
        // SAFETY: a name, and a handle that is open or stands for the global scope.
        unsafe {
            let own = if self.handle.is_null() {
                ptr::null_mut()
            } else {
                libc::dlsym(self.handle, name.as_ptr())
            };
            if own.is_null() {
                libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr())
            } else {
                own
            }
        }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: opened by `of`; the caller's code keeps the object loaded.
            unsafe { libc::dlclose(self.handle) };
        }
    }
}
