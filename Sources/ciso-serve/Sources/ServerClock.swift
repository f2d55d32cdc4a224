internal import Core
internal import Glibc
internal import Synchronization

/// The current time in the formats of HTTP and of access logs, formatted once per second.
final class ServerClock: Sendable {
    private let last = Mutex<(second: Int, log: String, http: String)>((0, "", ""))

    /// `29/Nov/2026:04:20:54 +0000`.
    var logTime: String { current.log }

    /// `Sun, 29 Nov 2026 04:20:54 GMT`.
    var httpDate: String { current.http }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    private var current: (log: String, http: String) {
        let now = time(nil)
        return last.withLock { last in
            if last.second == now { return (last.log, last.http) }
            var (moment, parts) = (now, tm())
            gmtime_r(&moment, &parts)
            let clock = "\(twoDigits(parts.tm_hour)):\(twoDigits(parts.tm_min)):\(twoDigits(parts.tm_sec))"
            let (day, month) = (twoDigits(parts.tm_mday), Self.months[Int(parts.tm_mon)])
            let year = parts.tm_year + 1900
            last = (
                now, "\(day)/\(month)/\(year):\(clock) +0000",
                "\(Self.days[Int(parts.tm_wday)]), \(day) \(month) \(year) \(clock) GMT"
            )
            return (last.log, last.http)
        }
    }
}
