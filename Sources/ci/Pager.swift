internal import Core
internal import Foundation
internal import System

/// The user's pager: `$PAGER`, or else `less` if it is installed.
struct Pager {
    private let command: String

    /// The pager for standard output; nil if that is not a terminal or the user has disabled paging.
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

    /// Shows text until it ends or the user quits. Meanwhile the pager handles Ctrl-C.
    ///
    /// - Parameter pieces: Calls its argument with each piece of displayable text, until that returns false.
    /// - Returns: False if the program does not exist, so that nothing was shown.
    func show(_ pieces: (_ show: (String) -> Bool) -> Void) -> Bool {
        var environment = ProcessInfo.processInfo.environment
        // As in git: print text that fits on the screen, pass colours, and leave the text on the screen.
        if environment["LESS"] == nil { environment["LESS"] = "FRX" }
        StandardOutput.flush()
        guard var program = try? ForegroundProgram(command: command, environment: environment) else { return false }
        let status = Interruption.leavingKeys {
            pieces { program.write(Array($0.displayable.utf8)) }
            return program.wait()
        }
        // The shell's exit codes for a command that it cannot execute or find.
        return status != 126 && status != 127
    }
}
