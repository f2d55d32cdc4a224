internal import Core
internal import Foundation
internal import Git
internal import Model
internal import Records
internal import Store

/// A time at which the results of a deployment are looked at.
struct ResultMoment {
    /// What a person calls it: `run 12`, `2026-11-28`.
    var title: String
    /// Results that runs up to this one recorded count; nil: the time decides.
    var run: Int?
    /// Seconds since 1970. What was recorded later does not count, unless a run says otherwise.
    var time: Int
    /// The plan of that time; nil where there was none.
    var plan: PlanDocuments?
    /// Whether the last verdict on a cell counts where a later result says nothing about the package.
    var areVerdicts = false
    /// Whether the cells are those of the plan, and not those that had results.
    var isOfPlan = false
    /// The last row of one target's results, and the target; nil: the run or the time decides.
    var last: (target: String, row: HistoryRow.Number)?

    /// Whether a result had been recorded then.
    func includes(_ row: HistoryRow, _ number: HistoryRow.Number) -> Bool {
        if let last { return number <= last.row }
        if let run, row.run != 0 { return row.run <= run }
        return row.time <= time
    }
}

/// A time as a user writes it, in UTC: a day stands for its end.
struct WrittenTime {
    /// The last second that it includes, since 1970.
    let seconds: Int

    /// Reads `2026-11-28`, `2026-11-28T03:10` or `2026-11-28T03:10:00Z`; nil for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: "T", omittingEmptySubsequences: false)
        let day = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, day.map(\.count) == [4, 2, 2], let date = Self.numbers(day),
            let start = Self.start(year: date[0], month: date[1], day: date[2])
        else { return nil }
        guard parts.count == 2 else {
            seconds = start + 86_399
            return
        }
        let clock = (parts[1].last == "Z" ? parts[1].dropLast() : parts[1]).split(
            separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(clock.count), clock.allSatisfy({ $0.count == 2 }), let time = Self.numbers(clock),
            time[0] < 24, time[1] < 60, time.count < 3 || time[2] < 60
        else { return nil }
        seconds = start + time[0] * 3600 + time[1] * 60 + (time.count == 3 ? time[2] : 59)
    }

    private static func numbers(_ parts: [Substring]) -> [Int]? {
        let numbers = parts.compactMap { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int($0) : nil }
        return numbers.count == parts.count ? numbers : nil
    }

    private static func start(year: Int, month: Int, day: Int) -> Int? {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(secondsFromGMT: 0) ?? calendar.timeZone
        let wanted = DateComponents(year: year, month: month, day: day)
        guard let date = calendar.date(from: wanted),
            calendar.dateComponents([.year, .month, .day], from: date) == wanted
        else { return nil }
        return Int(date.timeIntervalSince1970)
    }

    /// A time for people, in UTC: `2026-11-28 03:10`.
    static func words(_ seconds: Int) -> String {
        String(Date(timeIntervalSince1970: Double(seconds)).ISO8601Format().replacing("T", with: " ").prefix(16))
    }
}
