internal import Core
internal import Foundation
internal import System

/// The user's pager: `$PAGER`, else `less` where it is installed.
struct Pager {
    private let command: String

    /// The pager to use for standard output; nil where that is no terminal, or the user wants none.
    init?() {
        guard Terminal.printsToTerminal, Terminal.environment("TERM") != "dumb" else { return nil }
        let wanted = Terminal.environment("PAGER")
        guard let command = wanted ?? (Self.isInstalled("less") ? "less" : nil), command != "cat",
            command.contains(where: { !$0.isWhitespace })
        else { return nil }
        self.command = command
    }

    private static func isInstalled(_ name: String) -> Bool {
        (Terminal.environment("PATH") ?? "").split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
    }

    /// Shows text until it ends or the user has seen enough. Ctrl-C is the pager's meanwhile.
    ///
    /// - Parameter pieces: calls what it is given for each piece of text, until that returns false. The text is made
    ///   displayable.
    /// - Returns: false where there is no such program: nothing was shown.
    func show(_ pieces: (_ show: (String) -> Bool) -> Void) -> Bool {
        var environment = ProcessInfo.processInfo.environment
        // A text that fits is printed, colours pass, and it stays on the screen: as git has it.
        if environment["LESS"] == nil { environment["LESS"] = "FRX" }
        StandardOutput.flush()
        guard var program = try? ForegroundProgram(command: command, environment: environment) else { return false }
        let status = Interruption.leavingKeys {
            pieces { program.write(Array($0.displayable.utf8)) }
            return program.wait()
        }
        // The shell's words for a command that it cannot find or execute.
        return status != 126 && status != 127
    }
}
