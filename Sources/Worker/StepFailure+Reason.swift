internal import Foundation
internal import Supervision

extension PackageBuild.StepFailure {
    /// The reason if the output has no error line: the command and how it ended.
    var withoutErrorLine: String {
        let program = command.split(separator: " ").first.map { $0.filter { !"'\"".contains($0) } } ?? name
        let ran = "`\(command.count > 160 ? "\(command.prefix(160))…" : command)`"
        switch result.ending {
        case .exited(127): return "command not found: \(program)"
        case .exited(126): return "permission denied: \(program) cannot be executed"
        case .exited(let status): return "\(ran) exited with status \(status); no error line was recognised"
        case .signalled(let signal):
            let meaning = strsignal(signal).map { " (\(String(cString: $0)))" } ?? ""
            return "\(ran) was killed by signal \(signal)\(meaning)"
        default: return "\(ran): \(result.ending)"
        }
    }
}
