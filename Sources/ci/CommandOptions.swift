internal import ArgumentParser
internal import Foundation

/// The options of a command, read from ArgumentParser's description of it.
struct CommandOptions {
    struct Option: Hashable {
        /// The name without dashes.
        var name: String
        var letters: [String]
        var isFlag: Bool
        var isRepeating: Bool

        var variable: String { Settings.variable(of: name) }

        /// Whether a command line contains the option.
        func occurs(in words: some Sequence<String>) -> Bool {
            words.contains { word in
                word == "--\(name)" || word.hasPrefix("--\(name)=") || letters.contains { word == "-\($0)" }
            }
        }
    }

    /// All options except `--help` and `--version`, in the order of the help.
    let options: [Option]

    /// - Complexity: Linear in the number of options of the command and its subcommands.
    init(of command: any ParsableCommand.Type) {
        let tool = try? JSONDecoder().decode(Tool.self, from: Data(command._dumpHelp().utf8))
        options = tool?.command.options ?? []
    }

    /// The names of the options of all commands, sorted.
    static var allNames: [String] {
        let tool = try? JSONDecoder().decode(Tool.self, from: Data(CI._dumpHelp().utf8))
        return Set(tool?.command.allOptions.map(\.name) ?? []).sorted()
    }

    /// The command at the beginning of a command line, and the number of words that name it.
    static func command(of words: [String]) -> (type: any ParsableCommand.Type, depth: Int) {
        var type: any ParsableCommand.Type = CI.self
        for (depth, word) in words.enumerated() {
            guard let inner = type.configuration.subcommands.first(where: { $0.name == word }) else {
                return (type, depth)
            }
            type = inner
        }
        return (type, words.count)
    }

    /// The paragraph of `--help` about options from the environment and `ciso.yaml`.
    var help: String {
        guard !options.isEmpty else { return "" }
        let width = options.map { $0.name.count + 2 }.max() ?? 0
        let variableWidth = options.map(\.variable.count).max() ?? 0
        let lines = options.map { option in
            "  \("--\(option.name)".padding(to: width))  \(option.variable.padding(to: variableWidth))  \(option.name)"
        }
        return "\nSETTINGS: flags beat the environment, which beats the keys of ./ciso.yaml\n"
            + lines.joined(separator: "\n") + "\n"
    }
}

extension ParsableCommand {
    fileprivate static var name: String { configuration.commandName ?? _commandName }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

/// The document that ArgumentParser prints to describe its commands to other programs.
private struct Tool: Decodable {
    var command: Command

    struct Command: Decodable {
        var arguments: [Argument]?
        var subcommands: [Command]?

        var options: [CommandOptions.Option] {
            (arguments ?? []).compactMap { argument in
                let names = (argument.names ?? []).filter { $0.kind == "long" }.map(\.name)
                guard argument.kind != "positional", let name = names.first, !["help", "version"].contains(name) else {
                    return nil
                }
                return CommandOptions.Option(
                    name: name, letters: (argument.names ?? []).filter { $0.kind == "short" }.map(\.name),
                    isFlag: argument.kind == "flag", isRepeating: argument.isRepeating ?? false)
            }
        }

        var allOptions: [CommandOptions.Option] { options + (subcommands ?? []).flatMap(\.allOptions) }
    }

    struct Argument: Decodable {
        var kind: String
        var isRepeating: Bool?
        var names: [Name]?
    }

    struct Name: Decodable {
        var kind: String
        var name: String
    }
}
