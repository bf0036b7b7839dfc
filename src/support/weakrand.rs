//! Cheap random numbers where an adversary gains nothing by predicting them.
//!
//! It is the linear congruential generator that C's manual shows for `rand`:
//! programs that carry a seed of libevent's see the same sequence.

use std::process;

/// Largest number that [`next`] returns.
pub const MAX: i32 = i32::MAX;

/// A seed that differs between processes and moments.
pub fn some_seed() -> u32 {
    let now = super::time::wall();
    (now as u32) ^ ((now >> 32) as u32) ^ process::id().rotate_left(16)
}

/// The next number, 0 to [`MAX`].
pub fn next(state: &mut u32) -> i32 {
    *state = state.wrapping_mul(1_103_515_245).wrapping_add(12345) & MAX as u32;
    *state as i32
}

/// The next number below `top`, all equally likely; 0 if `top` is not positive.
pub fn below(state: &mut u32, top: i32) -> i32 {
    if top <= 0 {
        return 0;
    }
    // The high bits are the better ones, hence a division and not a remainder.
    let divisor = MAX / top;
    loop {
        let number = next(state) / divisor;
        if number < top {
            return number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_libevents() {
        let mut state = 12345;
        let numbers: Vec<i32> = (0..3).map(|_| next(&mut state)).collect();
        assert_eq!(numbers, [1406932606, 654583775, 1449466924]);
    }

    #[test]
    fn ranges_hold_at_their_ends() {
        let mut state = some_seed();
        for top in [i32::MIN, -1, 0, 1, 2, 3, 1000, MAX / 2 + 1, MAX - 1, MAX] {
            for _ in 0..1000 {
                let number = below(&mut state, top);
                assert!(
                    number >= 0 && (number < top || top <= 0),
                    "{number} of {top}"
                );
            }
        }
    }
}
