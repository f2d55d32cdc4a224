/// Normalises error messages, so that messages that differ only in positions, values and times become equal.
enum Signature {
    /// The maximum size of a signature in bytes.
    private static let sizeLimit = 600

    /// - Parameters:
    ///   - message: the message, normalised for matching.
    ///   - kept: parts that are not changed.
    static func of(_ message: [UInt8], keeping kept: [[UInt8]]) -> String {
        var text = uniform(message)
        for rule in Rule.positions { text = rule.applied(to: text) }
        var marked: [[UInt8]] = []
        for part in Set(kept.map { uniform($0) }).sorted(by: { ($1.count, $0.string) < ($0.count, $1.string) })
        where !part.allSatisfy(ByteSet.digits.contains) && marked.count < marks.count {
            text = text.replacing(part, with: [marks[marked.count]])
            marked.append(part)
        }
        for rule in Rule.values { text = rule.applied(to: text) }
        text = keptNumbers.replacing(in: text) { group in
            Array(group(1) ?? [])
                + (group(2) ?? []).map { $0 == UInt8(ascii: ".") ? $0 : $0 - UInt8(ascii: "0") + numberMark }
        }
        for rule in Rule.numbers { text = rule.applied(to: text) }
        let plain = text.flatMap { byte in
            if byte >= numberMark, byte < numberMark + 10 { return [byte - numberMark + UInt8(ascii: "0")] }
            return marks.firstIndex(of: byte).flatMap { $0 < marked.count ? marked[$0] : nil } ?? [byte]
        }
        return Excerpt.cut(blanks.replacing(in: plain) { _ in [32] }, to: sizeLimit).trimmed
    }

    /// The first of ten bytes, none of which occurs in UTF-8, that represent the digits of numbers that are kept.
    private static let numberMark: UInt8 = 0xF5
    /// Control characters that represent parts that are kept.
    private static let marks: [UInt8] = Array(0x0E...0x1A)

    private static let blanks = expression(#"\s+"#)

    /// Numbers that distinguish failures: those of warnings and signals, exit statuses, codes of curl and HTTP.
    private static let keptNumbers = expression(
        #"((?:[Ww]arning |curl[: ]+\(?|err |[Ee]rror:? \(?|[Ss]tatus(?: code:?)? |curl: code |exit(?:ed)?[ -](?:with |code |with code )?|signal |HTTP/|errno |CMake [<>]=? |<url> )\(?)(\d+(?:\.\d+)?)"#
    )

    /// Unifies blanks and quotes, and removes control characters and invalid UTF-8.
    private static func uniform(_ message: [UInt8]) -> [UInt8] {
        let valid = Array(String(decoding: message, as: UTF8.self).utf8)
        let text = blanks.replacing(in: valid.map { $0 < 0x20 || $0 == 0x7F ? 32 : $0 }) { _ in [32] }
        return text.map { $0 == UInt8(ascii: "`") || $0 == UInt8(ascii: "\"") ? UInt8(ascii: "'") : $0 }.replacing(
            Array("´".utf8), with: [UInt8(ascii: "'")])
    }

    fileprivate static func expression(_ source: String) -> Expression {
        do {
            return try Expression(source)
        } catch {
            preconditionFailure("\(source): \(error)")
        }
    }

    /// A text to remove or replace; `$1` in the replacement represents the match of the first group.
    private struct Rule {
        let expression: Expression
        let replacement: [UInt8]

        init(_ source: String, _ replacement: String = "") {
            expression = Signature.expression(source)
            self.replacement = Array(replacement.utf8)
        }

        func applied(to text: [UInt8]) -> [UInt8] {
            expression.replacing(in: text) { group in
                var result: [UInt8] = []
                var rest = replacement[...]
                while let byte = rest.popFirst() {
                    if byte == UInt8(ascii: "$"), let digit = rest.first {
                        rest = rest.dropFirst()
                        result += group(Int(digit) - 48) ?? []
                    } else {
                        result.append(byte)
                    }
                }
                return result
            }
        }

        /// Positions of errors: files, lines, columns, targets of make, object files.
        static let positions = [
            Rule(#"^#=+ (.*?) =+#$"#, "$1"),
            Rule(#"^'[^']+',? line \d+: "#),
            Rule(#"^File '[^']*', lines? [^:]*: "#),
            Rule(#"^\[\d+/\d+\] "#),
            Rule(#"^(?:\S*/)?g?b?n?make(?:\[\d+\])?: (?:'[^']*' line \d+: )?"#, "make: "),
            Rule(#"^make: \*\*\* \[[^\]]*\]"#, "make: *** [<target>]"),
            Rule(#"^/\S+/(?:[\w.-]+-)?(ld(?:\.\w+)?): "#, "$1: "),
            Rule(#"^ld(?:\.bfd|\.gold)?: (?=\S+\.(?:o|a|so)\S*: |cannot find|\S+:\d+: )"#),
            Rule(#"^\S+\.(?:o|a|so)(?:\([^)]*\))?: (?=relocation|undefined|multiple|in function|.*symbol)"#),
            Rule(#"^(?:\S+\.\w+)?(?::\d+)?:\(\.[^)]*\): "#),
            Rule(#"^\S+\(\.[^)]*\): "#),
            Rule(#"^: (?=undefined)"#),
            Rule(#"(multiple definition of '[^']*')[;:].*"#, "$1"),
            Rule(#"^/bin/\w*sh: -c: line \d+: "#),
            Rule(
                #"^\S+: (?:line )?\d+: (?:\S+: )?(?=.*(?:[Ss]yntax error|[Bb]ad substitution|not set|unbound|unexpected))"#
            ),
            Rule(#"^\S+\[\d+\]: (?!\*)"#),
            Rule(#"^sed: \d+: '.*?': "#, "sed: "),
            Rule(#"^sed: -e expression #\d+, char \d+: "#, "sed: "),
            Rule(#"^(?:[^\s:'(]+[./][^\s:'(]*|Makefile|GNUmakefile|dune|\{standard input\}):\d+(?::\d+)?: "#),
            Rule(#"^(?:sh|bash|ksh|dash|/\S+sh|\./\S+|\S+\.sh): (?:line )?\d+: "#),
            Rule(
                #"(ERROR while (?:compiling|fetching sources for|installing|removing|downloading)) \S+"#, "$1 <pkg>"),
            Rule(#"(The compilation of) \S+ (failed)"#, "$1 <pkg> $2"),
        ]

        /// Values that vary: addresses, times, paths, versions.
        static let values = [
            Rule(#"\b(?:https?|ftp|git|ssh|git\+https|file)://[^\s'),\\]+|\bgit@[^\s'),]+"#, "<url>"),
            Rule(#"[\w.+-]+@[\w-]+\.[\w.-]+"#, "<email>"),
            Rule(
                #"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z| ?[+-]\d\d:?\d\d)?)?"#, "<date>"),
            Rule(#"\b\d\d?:\d\d:\d\d(?:\.\d+)?\b"#, "<time>"),
            Rule(#"--user-agent \S+"#, "--user-agent <agent>"),
            Rule(#"([Rr]esolve (?:host(?:name)?|proxy):? '?)[\w.-]+"#, "$1<host>"),
            Rule(#"(connect to (?:host |server )?'?)[\w-]+(?:\.[\w-]+)+"#, "$1<host>"),
            Rule(
                #"(?<![\w<])(?:~|\.{1,2})?(?:/[\w.+@%~,:#=-]*[\w+~*-][\w.+@%~,#=-]*)+/?(?:\([^)]*\))?"#, "<path>"),
            Rule(
                #"(?<![\w<./:-])(?!HTTP/|N/A|I/O|and/or|input/output)[\w.+@-]+(?:/[\w.+@-]+)+(?=[\s':,)]|$)"#, "<path>"),
            Rule(#"(?:<path>)+"#, "<path>"),
            Rule(#"\b0x[0-9a-fA-F]+\b"#, "<n>"),
            Rule(#"\b(?=[a-f]*\d)[0-9a-f]{16,}\b"#, "<hash>"),
            Rule(#"(?<=[A-Za-z+]-)\d+(?:\.\d+)+[\w.+~-]*\b"#, "<ver>"),
            Rule(#"(?<=[A-Za-z][A-Za-z]\.)v?\d+\.\d+[\w.+~-]*"#, "<ver>"),
            Rule(#"\b[vV]?\d+\.\d+\.\d+[\w.+~-]*\b"#, "<ver>"),
            Rule(#"([Vv]ersion '?)v?\d+\.\d+[\w.+~-]*"#, "$1<ver>"),
        ]

        /// Numbers that are not kept.
        static let numbers = [
            Rule(#"(?<![\w.#-])-?\d+(?:\.\d+)?(?![\w.-]|\.\d)"#, "<n>"),
            Rule(#"#\d+"#, "#<n>"),
            Rule(#"(?<![\w.#-])-?\d+(?:\.\d+)?(?=\.(?:\s|$))"#, "<n>"),
        ]
    }
}

extension [UInt8] {
    fileprivate var string: String { String(decoding: self, as: UTF8.self) }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
