/// Formats a duration for people: `12 s`, `3 min 05 s`, `2 h 10 min`.
package func durationText(_ seconds: Int) -> String {
    switch seconds {
    case ..<120: "\(seconds) s"
    case ..<7200: "\(seconds / 60) min \(twoDigits(seconds % 60)) s"
    default: "\(seconds / 3600) h \(twoDigits(seconds / 60 % 60)) min"
    }
}

/// Formats a duration for people, with tenths below ten seconds: `0.4 s`.
package func durationText(_ seconds: Double) -> String {
    guard seconds < 9.95 else { return durationText(Int(seconds.rounded())) }
    let tenths = Int((max(0, seconds) * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) s"
}

/// A number below 100 with two digits: `05`.
package func twoDigits(_ number: some BinaryInteger) -> String { number < 10 ? "0\(number)" : "\(number)" }
