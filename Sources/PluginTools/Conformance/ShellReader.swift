/// Splits a shell script into commands and pieces of text, taking quotes, comments and here-documents into account.
struct ShellReader {
    /// Text on one line with the same quoting; never text in single quotes, comments or here-documents.
    struct Piece {
        var text: String
        var line: Int
        var isUnquoted: Bool
    }

    /// A simple command: its words, without preceding assignments and reserved words.
    struct SimpleCommand {
        var words: [String]
        var line: Int
    }

    private(set) var pieces: [Piece] = []
    private var commands: [SimpleCommand] = []
    private var next = 0

    init(_ script: String) {
        var scanner = Scanner(script)
        scanner.run()
        pieces = scanner.pieces
        commands = scanner.commands
    }

    mutating func nextCommand() -> SimpleCommand? {
        guard next < commands.count else { return nil }
        defer { next += 1 }
        return commands[next]
    }
}

private struct Scanner {
    private static let reserved: Set<String> = [
        "if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "exec", "command", "time",
    ]

    let characters: [Character]
    var position = 0
    var line = 1
    var pieces: [ShellReader.Piece] = []
    var commands: [ShellReader.SimpleCommand] = []
    private var word: String?
    private var words: [String] = []
    private var commandLine = 1
    private var plain = ""
    /// The delimiters of here-documents that begin on the next line.
    private var awaited: [(end: String, isIndented: Bool)] = []

    init(_ script: String) {
        characters = Array(script)
    }

    private func peek(_ offset: Int = 0) -> Character? {
        position + offset < characters.count ? characters[position + offset] : nil
    }

    mutating func run() {
        while let character = peek() { step(character) }
        endCommand()
        endPlain()
    }

    private mutating func step(_ character: Character) {
        switch character {
        case "\n":
            endCommand()
            endPlain()
            position += 1
            line += 1
            skipHereDocuments()
        case "\\":
            if peek(1) == "\n" { line += 1 }
            word = (word ?? "") + (peek(1).map { $0 == "\n" ? "" : String($0) } ?? "")
            position += 2
            endPlain()
        case "'" where plain.hasSuffix("$"):
            plain.append(character)
            skipQuoted("'")
        case "'":
            endPlain()
            skipQuoted("'")
        case "\"":
            endPlain()
            doubleQuoted()
        case "#" where word == nil:
            while position < characters.count, characters[position] != "\n" { position += 1 }
        case "<" where peek(1) == "<" && peek(2) != "<" && !plain.hasSuffix("<"):
            hereDocument()
        case "(" where peek(1) == "(" && word == nil && words.isEmpty:
            add("((")
            position += 2
            plain += "(("
            endCommand()
        case ";", "&", "|", "(", ")", "`":
            plain.append(character)
            position += 1
            if character == "(", word?.hasSuffix("=") == true { return }
            endCommand()
        case " ", "\t":
            plain.append(character)
            position += 1
            endWord()
        case "<", ">":
            plain.append(character)
            position += 1
            endWord()
        default:
            plain.append(character)
            add(String(character))
            position += 1
        }
    }

    private mutating func add(_ text: String) {
        if words.isEmpty, word == nil { commandLine = line }
        word = (word ?? "") + text
    }

    private mutating func endWord() {
        guard let ended = word else { return }
        word = nil
        if words.isEmpty {
            if Self.reserved.contains(ended) { return }
            if ended.firstMatch(of: /^[A-Za-z_][A-Za-z0-9_]*\+?=/) != nil { return }
        }
        words.append(ended)
    }

    private mutating func endCommand() {
        endWord()
        if !words.isEmpty { commands.append(.init(words: words, line: commandLine)) }
        words = []
    }

    private mutating func endPlain() {
        if !plain.isEmpty { pieces.append(.init(text: plain, line: line, isUnquoted: true)) }
        plain = ""
    }

    private mutating func skipQuoted(_ quote: Character) {
        position += 1
        var text = ""
        while let next = peek(), next != quote {
            if next == "\n" { line += 1 }
            text.append(next)
            position += 1
        }
        position += 1
        add(text)
    }

    private mutating func doubleQuoted() {
        position += 1
        var text = ""
        let start = line
        while let next = peek(), next != "\"" {
            if next == "$", peek(1) == "(" {
                substitution()
                continue
            }
            if next == "\\", let escaped = peek(1) {
                // An escaped dollar does not begin an expansion.
                text.append(escaped == "$" ? "\u{0}" : escaped)
                position += 1
            } else {
                text.append(next)
            }
            if peek() == "\n" { line += 1 }
            position += 1
        }
        position += 1
        pieces.append(.init(text: text, line: start, isUnquoted: false))
        add(text)
    }

    /// A command substitution in double quotes, parsed as a separate script.
    private mutating func substitution() {
        position += 2
        let start = line
        var script = ""
        var depth = 1
        var quote: Character?
        while let next = peek() {
            position += 1
            if next == "\n" { line += 1 }
            switch next {
            case "\\":
                script.append(next)
                if let escaped = peek() {
                    script.append(escaped)
                    position += 1
                }
                continue
            case "'", "\"": quote = quote == nil ? next : quote == next ? nil : quote
            case "(" where quote == nil: depth += 1
            case ")" where quote == nil: depth -= 1
            default: break
            }
            if depth == 0 { break }
            script.append(next)
        }
        // What is around it is a piece of its own, so the substitution of a file's text would not be seen.
        if script.first == "<" { pieces.append(.init(text: "$(<", line: start, isUnquoted: true)) }
        var inner = Scanner(script)
        inner.line = start
        inner.run()
        commands += inner.commands
        pieces += inner.pieces
    }

    private mutating func hereDocument() {
        position += 2
        let isIndented = peek() == "-"
        if isIndented { position += 1 }
        while peek() == " " || peek() == "\t" { position += 1 }
        var end = ""
        while let next = peek(), !" \t\n;|&<>()".contains(next) {
            if next != "'" && next != "\"" && next != "\\" { end.append(next) }
            position += 1
        }
        // `$((1 << 4))` is not a here-document.
        if let first = end.first, !first.isNumber { awaited.append((end, isIndented)) }
    }

    private mutating func skipHereDocuments() {
        for document in awaited {
            while position < characters.count {
                let rest = characters[position...]
                let text = String(rest.prefix { $0 != "\n" })
                position += text.count + (rest.count > text.count ? 1 : 0)
                line += 1
                if (document.isIndented ? String(text.drop { $0 == "\t" }) : text) == document.end { break }
            }
        }
        awaited = []
    }
}
