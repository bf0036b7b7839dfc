//! Numbers as decimal text, without memory.

use core::ffi::c_int;

/// A number as text.
pub struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    pub fn of_len(len: usize) -> Decimal {
        let mut this = Decimal {
            digits: [0; 20],
            start: 20,
        };
        let mut left = len;
        loop {
            this.start -= 1;
            this.digits[this.start] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                return this;
            }
        }
    }

    pub fn new(number: c_int) -> Decimal {
        let mut this = Decimal::of_len(number.unsigned_abs() as usize);
        if number < 0 {
            this.start -= 1;
            this.digits[this.start] = b'-';
        }
        this
    }

    pub fn text(&self) -> &[u8] {
        &self.digits[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for number in [0, 7, 200, 65535, i32::MAX, -1, i32::MIN] {
            assert_eq!(Decimal::new(number).text(), number.to_string().as_bytes());
        }
        let most = usize::MAX;
        assert_eq!(Decimal::of_len(most).text(), most.to_string().as_bytes());
    }
}
