//! The links of `<sys/queue.h>` that public structs carry; `support::intrusive` walks them.

/// `TAILQ_ENTRY`: the next object, and the address of the pointer that points to this one.
#[repr(C)]
pub struct TailLink<T> {
    pub tqe_next: *mut T,
    pub tqe_prev: *mut *mut T,
}

/// `LIST_ENTRY`: the next object, and the address of the pointer that points to this one.
#[repr(C)]
pub struct ListLink<T> {
    pub le_next: *mut T,
    pub le_prev: *mut *mut T,
}

macro_rules! copied_as_pointers {
    ($($link:ident),*) => {$(
        impl<T> Clone for $link<T> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<T> Copy for $link<T> {}
    )*};
}
copied_as_pointers!(TailLink, ListLink);
