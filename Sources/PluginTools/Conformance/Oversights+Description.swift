internal import Core
internal import Foundation
internal import PluginHost
internal import PluginMessages

// These checks go beyond what a run requires: they find values that are well-formed but probably wrong. Each problem
// names its position and a remedy.

extension PluginDescription {
    var oversights: [String] {
        var problems: [String] = []
        if version.wholeMatch(of: /(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)){0,3}(?:[-+~][0-9A-Za-z.]+)?/) == nil {
            problems.append(
                "version: expected numbers with dots and without leading zeros, as 1.2.0; found '\(version)'")
        }
        if summary.trimmed.isEmpty { problems.append("summary: expected a sentence for `ci plugin list`, found none") }
        problems += distributions.flatMap(\.oversights) + options.flatMap(\.oversights)
        let targets = distributions.flatMap(\.targets)
        problems += repeats(of: targets).map { "distributions: the target '\($0)' occurs twice; remove one" }
        return problems
    }
}

extension Distribution {
    fileprivate var oversights: [String] {
        let location = "distributions: '\(name)'"
        var problems = architectures.compactMap { Architecture.problem($0).map { "\(location): architectures: \($0)" } }
        problems += repeats(of: architectures).map { "\(location): architectures: '\($0)' occurs twice; remove one" }
        if family.trimmed.isEmpty {
            problems.append("\(location): family: expected opam's os-family, as 'debian' or 'bsd'; found none")
        }
        for version in versions where version.wholeMatch(of: /[0-9A-Za-z][0-9A-Za-z._+~-]*/) == nil {
            problems.append(
                "\(location): versions: expected letters, digits and '._+~-', as in '12' or '7.7'; found '\(version)'")
        }
        for (earlier, later) in zip(versions, versions.dropFirst())
        where earlier.compare(later, options: .numeric) == .orderedDescending {
            problems.append("\(location): versions: expected the oldest first, found '\(earlier)' before '\(later)'")
        }
        for (target, day) in (namesCompared ?? [:]).sorted(by: { $0.key < $1.key }) {
            if !targets.contains(target) {
                let guess = nearest(to: target, in: targets).map { "; did you mean '\($0)'?" } ?? ""
                problems.append("\(location): namesCompared: there is no target '\(target)'\(guess)")
            }
            if CalendarDay(day) == nil {
                problems.append("\(location): namesCompared: '\(target)': expected a day as 2026-11-28, found '\(day)'")
            }
        }
        return problems
    }
}

extension PluginOption {
    fileprivate var oversights: [String] {
        let location = "options: '\(name)'"
        var problems: [String] = []
        if name.wholeMatch(of: /[a-z][a-z0-9-]*/) == nil {
            problems.append("\(location): expected a name of lower-case letters, digits and '-'")
        }
        if let choices, choices.isEmpty {
            problems.append("\(location): choices: no value is allowed; leave 'choices' out")
        }
        guard let value = defaultValue else { return problems }
        if let choices, !choices.contains(value) {
            problems.append("\(location): defaultValue: expected one of 'choices', found '\(value)'")
        }
        if kind == .integer, value.wholeMatch(of: /[0-9]+/) == nil {
            problems.append("\(location): defaultValue: expected decimal digits, found '\(value)'")
        }
        if kind == .boolean, value != "true", value != "false" {
            problems.append("\(location): defaultValue: expected true or false, found '\(value)'")
        }
        return problems
    }
}

/// Architectures in opam's spelling.
private enum Architecture {
    static let known: Set<String> = [
        "x86_64", "x86_32", "arm64", "arm32", "ppc64", "ppc32", "s390x", "riscv64", "riscv32", "loongarch64", "mips64",
        "mips", "sparc64", "alpha", "hppa", "m68k",
    ]
    /// Names used elsewhere.
    private static let aliases = [
        "amd64": "x86_64", "x64": "x86_64", "x86-64": "x86_64", "aarch64": "arm64", "armv8": "arm64", "i386": "x86_32",
        "i486": "x86_32", "i586": "x86_32", "i686": "x86_32", "x86": "x86_32", "armhf": "arm32", "armv7": "arm32",
        "armv7l": "arm32", "arm": "arm32", "ppc64le": "ppc64", "ppc64el": "ppc64", "powerpc64le": "ppc64",
        "powerpc": "ppc32",
    ]

    static func problem(_ name: String) -> String? {
        guard !known.contains(name) else { return nil }
        let guess = aliases[name.lowercased()] ?? nearest(to: name, in: known.sorted())
        return "'\(name)' is not an architecture in opam's spelling; "
            + (guess.map { "did you mean '\($0)'?" } ?? "known are \(known.sorted().joined(separator: ", "))")
    }
}

/// A date: `2026-11-28`.
package struct CalendarDay: Hashable, Sendable {
    /// Nil if `text` is not a date.
    package init?(_ text: String) {
        guard let match = text.wholeMatch(of: /([0-9]{4})-([0-9]{2})-([0-9]{2})/),
            let year = Int(match.1), let month = Int(match.2), let day = Int(match.3)
        else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        guard DateComponents(calendar: calendar, year: year, month: month, day: day).isValidDate else { return nil }
    }
}

func repeats(of names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.filter { !seen.insert($0).inserted }
}

extension String {
    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
