internal import Foundation

/// Formats times in UTC, given as seconds since 1970.
package enum UTCTime {
    /// In ISO 8601: `2026-11-28T21:40:00Z`.
    package static func iso(_ seconds: Int) -> String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }

    /// The date: `2026-11-28`.
    package static func day(_ seconds: Int) -> String { String(iso(seconds).prefix(10)) }

    /// The date and the time of day, for people: `2026-11-28 21:40`.
    package static func minute(_ seconds: Int) -> String { "\(day(seconds)) \(iso(seconds).dropFirst(11).prefix(5))" }
}
