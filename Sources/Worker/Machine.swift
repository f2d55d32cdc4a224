internal import Foundation
internal import Glibc

/// The description of this machine in results.
enum Machine {
    /// `HOST: SYSTEM RELEASE ARCHITECTURE, N processors`.
    static let ofThisProcess: String = {
        var system = utsname()
        guard uname(&system) == 0 else { return "sandbox" }
        func text<Letters>(_ letters: Letters) -> String {
            withUnsafeBytes(of: letters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        let processors = ProcessInfo.processInfo.activeProcessorCount
        return "\(text(system.nodename)): \(text(system.sysname)) \(text(system.release)) \(text(system.machine)), "
            + "\(processors) \(processors == 1 ? "processor" : "processors")"
    }()
}
