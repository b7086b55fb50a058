//! ASN.1 times, which go from the year 0 to 9999, as [`SystemTime`].

use std::time::{Duration, SystemTime};

use openssl::asn1::{Asn1Time, Asn1TimeRef};

const DAY: u64 = 24 * 60 * 60;
/// 9999-12-31 23:59:59, the last that can be said.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// The beginning of a certificate's time. One that cannot be read never comes.
pub(super) fn not_before(time: &Asn1TimeRef) -> SystemTime {
    to_system(time).unwrap_or(SystemTime::UNIX_EPOCH + LAST)
}

/// The end of a certificate's time. One that cannot be read was long ago.
pub(super) fn not_after(time: &Asn1TimeRef) -> SystemTime {
    to_system(time).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn to_system(time: &Asn1TimeRef) -> Option<SystemTime> {
    let since = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    // Both have the sign of the whole.
    let distance = Duration::from_secs(
        u64::from(since.days.unsigned_abs()) * DAY + u64::from(since.secs.unsigned_abs()),
    );
    if since.days < 0 || since.secs < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> i64 {
        let time = to_system(&Asn1Time::from_str(text).unwrap()).unwrap();
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).unwrap(),
            Err(before) => -i64::try_from(before.duration().as_secs()).unwrap(),
        }
    }

    #[test]
    fn every_year_has_its_time() {
        assert_eq!(seconds("19700101000000Z"), 0);
        assert_eq!(seconds("19691231235959Z"), -1);
        assert_eq!(seconds("500101000000Z"), -631_152_000, "1950, the first of UTCTime");
        assert_eq!(seconds("20380119031408Z"), 1 << 31);
        assert_eq!(seconds("99991231235959Z"), 253_402_300_799);
        assert_eq!(seconds("00010101000000Z"), -62_135_596_800);
    }
}
