package import PluginMessages

/// Finds features that shells of a family lack although they parse them, possibly as something else: `[[`, `source`,
/// `&>`, `echo -e` … Arrays and similar features, which POSIX shells cannot parse, are found even if such a shell is
/// not installed.
///
/// It recognises words, quotes, comments and here-documents like a shell, but does not interpret commands.
package struct ShellDialect {
    private enum Construct {
        /// A command, followed by an argument with this prefix (empty for any).
        case command(String, argument: String)
        /// Text outside of quotes.
        case operatorText(String)
        /// Text outside of single quotes.
        case expansion(String)
    }

    private struct Rule {
        var construct: Construct
        /// The families that support it.
        var families: Set<ShellFamily>
        var remedy: String

        init(_ construct: Construct, in families: Set<ShellFamily> = [.bash, .zsh], _ remedy: String) {
            self.construct = construct
            self.families = families
            self.remedy = remedy
        }
    }

    private static let rules: [Rule] = [
        Rule(.command("[[", argument: ""), in: [.bash, .zsh, .korn], "use '[ … ]'"),
        Rule(.command("source", argument: ""), "use '. FILE'"),
        Rule(.command("function", argument: ""), in: [.bash, .zsh, .korn], "write 'NAME() {'"),
        Rule(.command("declare", argument: ""), "assign without it"),
        Rule(.command("typeset", argument: ""), in: [.bash, .zsh, .korn], "assign without it"),
        Rule(.command("let", argument: ""), in: [.bash, .zsh, .korn], "use 'x=$((…))'"),
        Rule(.command("shopt", argument: ""), in: [.bash], "POSIX shells have no such options"),
        Rule(.command("mapfile", argument: ""), in: [.bash], "use 'while read -r'"),
        Rule(.command("readarray", argument: ""), in: [.bash], "use 'while read -r'"),
        Rule(.command("pushd", argument: ""), "use '(cd … && …)'"),
        Rule(.command("popd", argument: ""), "use '(cd … && …)'"),
        Rule(.command("select", argument: ""), in: [.bash, .zsh, .korn], "there is no user to choose"),
        Rule(.command("coproc", argument: ""), "use a pipe"),
        Rule(.command("((", argument: ""), in: [.bash, .zsh, .korn], "use '[ … ]' with '$((…))'"),
        Rule(.command("echo", argument: "-e"), in: [.bash, .zsh, .korn], "use 'printf'"),
        Rule(.command("set", argument: "pipefail"), "write to a file, or check each command"),
        Rule(.command("read", argument: "-a"), in: [.bash], "use 'set -- $line'"),
        Rule(.command("read", argument: "-p"), in: [.bash], "there is no user to ask"),
        Rule(.command("read", argument: "-d"), "use 'tr' before it"),
        Rule(.command("read", argument: "-n"), in: [.bash], "use 'cut' or 'head'"),
        Rule(.command("printf", argument: "%q"), "quote in the plugin"),
        Rule(.command("printf", argument: "-v"), in: [.bash, .zsh], "use 'x=$(printf …)'"),
        Rule(.command("[", argument: "=="), in: [.bash, .korn], "use '='"),
        Rule(.command("test", argument: "=="), in: [.bash, .korn], "use '='"),
        Rule(.command("[", argument: "-v"), "use '${x+set}'"),
        Rule(.command("test", argument: "-v"), "use '${x+set}'"),
        Rule(.command("type", argument: "-P"), in: [.bash], "use 'command -v'"),
        Rule(.command("type", argument: "-p"), in: [.bash, .zsh, .korn], "use 'command -v'"),
        Rule(.command("trap", argument: "ERR"), in: [.bash, .zsh, .korn], "use 'set -e' and a trap of EXIT"),
        Rule(.command("trap", argument: "DEBUG"), in: [.bash, .zsh], "use 'set -x'"),
        Rule(.command("wait", argument: "-n"), in: [.bash], "wait for each process"),
        Rule(.command("disown", argument: ""), in: [.bash, .zsh], "a step leaves no process behind"),
        Rule(.operatorText("<<<"), "use 'printf … |' or a here-document"),
        Rule(.operatorText("&>"), "use '>FILE 2>&1'"),
        Rule(.operatorText("|&"), in: [.bash, .zsh], "use '2>&1 |'"),
        Rule(.operatorText("<("), "use a pipe or a file"),
        Rule(.operatorText(">("), "use a pipe or a file"),
        Rule(.operatorText("$'"), "use 'printf'"),
        Rule(.operatorText("=("), in: [.bash, .zsh, .korn], "use 'set --' and \"$@\""),
        Rule(.operatorText("+="), in: [.bash, .zsh, .korn], "write the assignment out"),
        Rule(.expansion("${!"), in: [.bash], "use 'eval' or a 'case'"),
        Rule(.expansion("$(<"), in: [.bash, .zsh, .korn], "use '$(cat FILE)'"),
        Rule(.expansion("$BASH"), in: [.bash], "write the step for 'bash', or without it"),
        Rule(.expansion("PIPESTATUS"), in: [.bash], "write to a file, or check each command"),
        Rule(.expansion("/dev/tcp/"), in: [.bash], "use 'nc' or 'curl'"),
        Rule(.expansion("$RANDOM"), in: [.bash, .zsh, .korn], "a step must not depend on chance"),
    ]

    /// The features in `script` that shells of `family` lack, each with its line and a remedy.
    package static func problems(in script: String, for family: ShellFamily) -> [String] {
        let rules = rules.filter { !$0.families.contains(family) }
        guard !rules.isEmpty else { return [] }
        var reader = ShellReader(script)
        var problems: [String] = []
        func report(_ text: String, _ line: Int, _ remedy: String) {
            problems.append(
                "line \(line): '\(text)' is not supported by \(family.rawValue) shells, one of which runs the step; \(remedy)"
            )
        }
        while let command = reader.nextCommand() {
            for rule in rules {
                guard case .command(let name, let argument) = rule.construct, command.words.first == name else {
                    continue
                }
                if argument.isEmpty || command.words.dropFirst().contains(where: { $0.hasPrefix(argument) }) {
                    report(argument.isEmpty ? name : "\(name) \(argument)", command.line, rule.remedy)
                }
            }
        }
        for piece in reader.pieces {
            for rule in rules {
                switch rule.construct {
                case .operatorText(let text) where piece.isUnquoted && piece.text.contains(text):
                    report(text, piece.line, rule.remedy)
                case .expansion(let text) where piece.text.contains(text): report(text, piece.line, rule.remedy)
                default: continue
                }
            }
            if family != .bash && family != .zsh, piece.isUnquoted, let found = piece.braceRange {
                report(found, piece.line, "name each one, or count with 'while'")
            }
            if family != .bash && family != .zsh, let found = piece.bashExpansion,
                family == .posix || !found.contains("[")
            {
                report(found, piece.line, "use 'sed', 'cut' or a 'case'")
            }
        }
        return problems
    }
}

extension ShellReader.Piece {
    /// A range that bash expands to a list of words: `{1..9}`.
    fileprivate var braceRange: String? {
        text.firstMatch(of: /\{[A-Za-z0-9]+\.\.[A-Za-z0-9]+\}/).map { String($0.output) }
    }

    /// A parameter expansion that replaces, cuts or changes case: `${x//a/b}`, `${x:1:2}`, `${x^^}`, `${x[0]}`.
    fileprivate var bashExpansion: String? {
        let expression = /\$\{[A-Za-z_][A-Za-z0-9_]*(?:\/|\^|,|\[|:[0-9 ])[^}]*\}?/
        return text.firstMatch(of: expression).map { String($0.output) }
    }
}
