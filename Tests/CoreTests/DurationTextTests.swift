import Core
import Testing

@Suite struct DurationTextTests {
    @Test(arguments: [
        (0.04, "0.0 s"), (0.4, "0.4 s"), (9.94, "9.9 s"), (9.96, "10 s"), (119.4, "119 s"), (120, "2 min 00 s"),
        (185, "3 min 05 s"), (7199.6, "2 h 00 min"), (7800, "2 h 10 min"), (-1, "0.0 s"),
    ]) func aDurationIsShort(seconds: Double, text: String) {
        #expect(durationText(seconds) == text)
    }

    @Test func timesAreUTC() {
        #expect(UTCTime.iso(1_795_902_000) == "2026-11-28T21:40:00Z" && UTCTime.minute(0) == "1970-01-01 00:00")
        #expect(UTCTime.day(86_399) == "1970-01-01")
    }
}
