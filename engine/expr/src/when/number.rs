//! Numbers as the language of Argo writes and converts them.
//!
//! They come into the messages of nodes ("Got 2"), and conversions to whole numbers decide what the
//! bit operators give, so both follow that language on a 64-bit machine and not ours.

/// A number in its shortest form: `2`, `0.1`, `123456`, `1.5e+06`, `1e-05`, `+Inf`, `NaN`.
pub(super) fn written(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if number != 0.0 && !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => number.to_string(),
    }
}

/// Two to the power of 63: the first number too great for a signed whole number, exactly.
const SIGNED_BOUND: f64 = 9_223_372_036_854_775_808.0;

/// The whole part; what does not fit becomes the lowest number.
pub(super) fn to_signed(number: f64) -> i64 {
    let fits = (-SIGNED_BOUND..SIGNED_BOUND).contains(&number);
    if fits { number as i64 } else { i64::MIN }
}

/// The whole part without a sign; negative ones wrap around, too great ones become the middle.
pub(super) fn to_unsigned(number: f64) -> u64 {
    if (SIGNED_BOUND..2.0 * SIGNED_BOUND).contains(&number) {
        number as u64
    } else {
        to_signed(number) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::{to_signed, to_unsigned, written};

    #[test]
    fn numbers_are_written_as_in_messages() {
        let rows: &[(f64, &str)] = &[
            (2.0, "2"),
            (-0.0, "-0"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (123_456.5, "123456.5"),
            (100_000.0, "100000"),
            (1_234_567.0, "1.234567e+06"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ];
        for (number, expected) in rows {
            assert_eq!(written(*number), *expected);
        }
    }

    #[test]
    fn whole_numbers_wrap_where_they_do_not_fit() {
        assert_eq!(to_signed(-1.9), -1);
        assert_eq!(to_signed(1e19), i64::MIN);
        assert_eq!(to_signed(f64::NAN), i64::MIN);
        assert_eq!(to_unsigned(-1.0), u64::MAX);
        assert_eq!(to_unsigned(9_223_372_036_854_775_808.0), 1 << 63);
        assert_eq!(to_unsigned(18_446_744_073_709_549_568.0), u64::MAX - 2047);
        assert_eq!(to_unsigned(18_446_744_073_709_551_616.0), 1 << 63);
        assert_eq!(to_unsigned(f64::NAN), 1 << 63);
    }
}
