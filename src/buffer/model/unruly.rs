//! Any string of bytes, read as operations on buffers whose cleanup functions and callbacks change
//! the same buffers in the middle of an operation, leaves every list of chains in order, and uses no
//! memory that is gone. What the buffers then hold is the program's affair; that what was told adds
//! up to it isn't.

use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use std::collections::VecDeque;

use super::super::callback::Function;
use super::super::{Buf, OwnedBuf};
use super::MOST;
use crate::ctypes::buffer::evbuffer_cb_info;
use crate::ctypes::opaque::evbuffer;
use crate::testing::choices::Choices;

const BUFFERS: usize = 2;
/// No more than this is done by functions that operations of functions call.
const DEEPEST: usize = 4;

/// What the functions know.
struct Program<'a> {
    buffers: [OwnedBuf; BUFFERS],
    /// Bytes told to be in each buffer.
    told: [Cell<isize>; BUFFERS],
    /// What cleanup functions and callbacks do, and to which buffer.
    actions: RefCell<VecDeque<(u8, u8)>>,
    depth: Cell<usize>,
    /// References whose cleanup function has not been called.
    references: &'a Cell<usize>,
}

/// What a reference or a callback is registered with.
struct Argument {
    program: *const Program<'static>,
    buffer: usize,
}

unsafe extern "C" fn on_cleanup(_: *const c_void, _: usize, argument: *mut c_void) {
    // SAFETY: the box that the reference was made with; the program outlives it.
    let program = unsafe { &*Box::from_raw(argument.cast::<Argument>()).program };
    program.references.set(program.references.get() - 1);
    program.act();
}

unsafe extern "C" fn on_change(
    _: *mut evbuffer,
    info: *const evbuffer_cb_info,
    argument: *mut c_void,
) {
    // SAFETY: the argument lives as long as the program.
    let (program, buffer, info) = unsafe {
        let argument = &*argument.cast::<Argument>();
        (&*argument.program, argument.buffer, &*info)
    };
    let told = &program.told[buffer];
    told.set(told.get() + info.n_added as isize - info.n_deleted as isize);
    program.act();
}

/// Everything may be refused.
fn ignore<T, E>(_: Result<T, E>) {}

impl Program<'_> {
    /// The next action of a function.
    fn act(&self) {
        let action = self.actions.borrow_mut().pop_front();
        let Some((what, amount)) = action.filter(|_| self.depth.get() < DEEPEST) else {
            return;
        };
        self.depth.set(self.depth.get() + 1);
        self.change(what, usize::from(amount) * 23);
        self.depth.set(self.depth.get() - 1);
    }

    /// One operation. Everything may be refused, and everything may have been changed in its middle.
    fn change(&self, what: u8, amount: usize) {
        let [buf, other] = match what & 1 {
            0 => [*self.buffers[0], *self.buffers[1]],
            _ => [*self.buffers[1], *self.buffers[0]],
        };
        let room = MOST.saturating_sub(buf.len() + other.len());
        let bytes = &[b'x'; 23 * 255][..amount.min(room)];
        match what / 2 % 14 {
            0 => ignore(buf.lock().add(bytes)),
            1 => ignore(buf.prepend_bytes(super::as_bytes(bytes))),
            2 => ignore(buf.lock().drain(amount)),
            3 => drop(buf.lock().remove(&mut vec![0; amount])),
            // What is returned is there.
            4 => {
                let sum = |bytes: &[u8]| bytes.iter().map(|&byte| usize::from(byte)).sum();
                core::hint::black_box(buf.lock().pull_up(amount).map_or(0, sum));
            }
            5 => {
                // SAFETY: everything is written.
                let filled = unsafe {
                    buf.lock().fill(bytes.len(), |space| {
                        space[..bytes.len()].write_copy_of_slice(bytes);
                        bytes.len()
                    })
                };
                assert!(filled.is_err() || filled == Ok(bytes.len()));
            }
            6 => self.reserve(buf, bytes, amount % 3 + 1),
            7 => ignore(buf.lock().expand(amount)),
            8 => ignore(buf.append_from(other)),
            9 => ignore(buf.prepend_from(other)),
            10 => ignore(buf.move_front_from(other, amount)),
            11 => ignore(buf.append_shared(other)),
            _ => self.refer(buf, amount),
        }
    }

    fn refer(&self, buf: Buf, amount: usize) {
        static MEMORY: [u8; 64] = [b'r'; 64];
        let argument = Box::into_raw(Box::new(Argument {
            program: core::ptr::from_ref(self).cast(),
            buffer: 0,
        }));
        // Every third one is empty.
        let len = if amount.is_multiple_of(3) {
            0
        } else {
            amount % 64
        };
        self.references.set(self.references.get() + 1);
        // SAFETY: the bytes live forever.
        let added = unsafe {
            let mut locked = buf.lock();
            locked.add_reference(MEMORY.as_ptr(), 0, len, Some(on_cleanup), argument.cast())
        };
        if added.is_err() {
            // SAFETY: a refused reference leaves its argument with the caller.
            unsafe { on_cleanup(core::ptr::null(), 0, argument.cast()) };
        }
    }

    fn reserve(&self, buf: Buf, bytes: &[u8], n: usize) {
        let mut locked = buf.lock();
        let mut extents = [super::NO_ROOM; 3];
        // SAFETY: the array has the elements, and everything in them is written before it is
        // committed.
        unsafe {
            let Ok(got) = locked.reserve(bytes.len() as isize, extents.as_mut_ptr(), n as i32)
            else {
                return;
            };
            for extent in &mut extents[..got as usize] {
                extent.iov_len = extent.iov_len.min(bytes.len());
                extent
                    .iov_base
                    .cast::<u8>()
                    .write_bytes(b's', extent.iov_len);
            }
            assert!(locked.commit(extents.as_ptr(), got).is_ok());
        }
    }

    fn check(&self) {
        for (buf, told) in self.buffers.iter().zip(&self.told) {
            let locked = buf.lock();
            locked.check();
            assert_eq!(locked.len() as isize, told.get());
        }
    }
}

pub fn run(input: &[u8]) {
    let references = Cell::new(0);
    run_program(input, &references);
    assert_eq!(references.get(), 0);
}

fn run_program(input: &[u8], references: &Cell<usize>) {
    let program = Program {
        buffers: [OwnedBuf::new().unwrap(), OwnedBuf::new().unwrap()],
        told: [Cell::new(0), Cell::new(0)],
        actions: RefCell::default(),
        depth: Cell::new(0),
        references,
    };
    let arguments = [0, 1].map(|buffer| Argument {
        program: core::ptr::from_ref(&program).cast(),
        buffer,
    });
    for (buf, argument) in program.buffers.iter().zip(&arguments) {
        let argument = core::ptr::from_ref(argument).cast_mut().cast();
        // SAFETY: the arguments outlive the buffers' use.
        let entry = unsafe { buf.lock().add_callback(Function::New(on_change), argument) };
        assert!(entry.is_some());
    }
    let mut choices = Choices(input);
    while !choices.0.is_empty() {
        // Up to three actions for the functions that this operation calls.
        program.actions.borrow_mut().clear();
        for _ in 0..choices.byte() % 4 {
            let action = (choices.byte() as u8, choices.byte() as u8);
            program.actions.borrow_mut().push_back(action);
        }
        let (what, amount) = (choices.byte() as u8, choices.byte());
        program.change(what, amount * 23);
        program.check();
    }
    program.actions.borrow_mut().clear();
}
