internal import Core
internal import Foundation
internal import Git
internal import Model
internal import Records
internal import Store

/// A time at which the results of a deployment are evaluated.
struct ResultMoment {
    /// The title for the user: `run 12`, `2026-11-28`.
    var title: String
    /// Include the results of runs up to this one; nil to decide by time.
    var run: Int?
    /// The last included time in seconds since 1970, unless `run` decides.
    var time: Int
    /// The plan at that time, if any.
    var plan: PlanDocuments?
    /// Whether the last verdict on a cell counts if a later result is not a verdict.
    var areVerdicts = false
    /// Whether to use the cells of the plan instead of those with results.
    var isOfPlan = false
    /// The last included row of a single target's results; nil to decide by run or time.
    var last: (target: String, row: HistoryRow.Number)?

    /// Whether a result was recorded by then.
    func includes(_ row: HistoryRow, _ number: HistoryRow.Number) -> Bool {
        if let last { return number <= last.row }
        if let run, row.run != 0 { return row.run <= run }
        return row.time <= time
    }

    /// Whether this is known to be a later run, which includes every result that the other one includes.
    func includesAll(of other: ResultMoment) -> Bool {
        guard let run, let earlier = other.run, last == nil, other.last == nil else { return false }
        return !areVerdicts && earlier <= run && other.time <= time
    }
}

/// A date or time in UTC as written by a user; a date denotes the end of the day.
struct WrittenTime {
    /// The last included second, since 1970.
    let seconds: Int

    /// Parses `2026-11-28`, `2026-11-28T03:10` or `2026-11-28T03:10:00Z`; nil for anything else.
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
}
