package import Core
internal import Glibc

/// A fault of a plugin or its file. It affects one call: the next one uses a new child process.
package struct PluginFault: ClassifiedError, Sendable, Hashable {
    /// The kinds of faults.
    package enum Kind: Sendable, Hashable {
        /// The dynamic loader rejected the file, with its message.
        case unloadable(String)
        /// The file has no entry symbol.
        case noSymbol(String)
        /// The entry function returned nothing.
        case declined
        /// A field of the descriptor is wrong.
        case mismatch(Descriptor, field: String)
        /// The descriptor's name is not the one in the file's name.
        case misnamed(found: String, expected: String)
        /// The child was killed by a signal.
        case crashed(signal: Int32)
        /// The child exited by itself.
        case exited(status: Int32)
        case hung(after: Duration)
        /// The answer exceeds the size limit.
        case tooLarge(found: UInt64, limit: Int)
        /// The data violates the ABI or the message format.
        case garbage(String)
        /// The child could not be started, which is not the plugin's fault.
        case notStarted(String)
    }

    /// The numeric fields at the start of a descriptor; those after the first wrong one are 0.
    package struct Descriptor: Sendable, Hashable {
        /// Identifies a descriptor of ciso.
        package var magic: UInt32
        /// The version of PluginABI.h that the plugin was built with.
        package var abiVersion: UInt32
        /// The size of the descriptor in that version in bytes.
        package var structSize: UInt32
    }

    /// The kind of the fault.
    package var kind: Kind
    /// The call in which it occurred; nil while loading.
    package var call: String?
    /// The last output of the plugin on standard error.
    package var stderrTail: String = ""

    package init(kind: Kind, call: String? = nil, stderrTail: String = "") {
        self.kind = kind
        self.call = call
        self.stderrTail = stderrTail
    }

    /// Whether the plugin exceeded the time limit.
    package var isHang: Bool { if case .hung = kind { true } else { false } }

    /// `unavailable` if another call of the same file may succeed, `input` if the file is wrong.
    package var category: ErrorCategory {
        switch kind {
        case .crashed, .exited, .hung, .notStarted: .unavailable
        case .unloadable, .noSymbol, .declined, .mismatch, .misnamed, .tooLarge, .garbage: .input
        }
    }
}

extension PluginFault: CustomStringConvertible {
    /// The fault and the plugin's output, without the file name.
    package var description: String {
        let words = stderrTail.split(separator: "\n").joined(separator: "\n           ")
        return words.isEmpty ? sentence : "\(sentence)\n  it printed: \(words)"
    }

    /// The message for the user: the file, what was expected and found, and a suggestion.
    package func failure(of file: PluginFile) -> Failure {
        let context = call.map { "call '\($0)' of plugin '\(file.name)'" } ?? "loading plugin '\(file.name)'"
        return Failure(
            category, "\(file.path): \(context): \(description)", hint: remedy(file))
    }

    private var sentence: String {
        switch kind {
        case .unloadable(let words): "the file cannot be loaded: \(words)"
        case .noSymbol: "expected the symbol ciso_plugin_entry, found none"
        case .declined: "ciso_plugin_entry returned NULL: the plugin does not work under ABI version \(expectedVersion)"
        case .mismatch(let descriptor, let field): mismatchSentence(descriptor, field)
        case .misnamed(let found, let expected):
            "name: expected '\(expected)' as the file's name says, found '\(found)'"
        case .crashed(let signal): "the plugin crashed with \(signalName(signal))"
        case .exited(let status): "the plugin ended the process with status \(status) instead of answering"
        case .hung(let time): "no answer within \(time.formattedSeconds)"
        case .tooLarge(let found, let limit): "the answer has \(found) bytes, at most \(limit) are allowed"
        case .garbage(let what): what
        case .notStarted(let why): "the child process could not be started: \(why)"
        }
    }

    private func mismatchSentence(_ descriptor: Descriptor, _ field: String) -> String {
        switch field {
        case "magic":
            "magic: expected 0x\(hexadecimal(expectedMagic)), found 0x\(hexadecimal(descriptor.magic))"
        case "abi_version":
            "ABI version: expected 1 to \(expectedVersion), found \(descriptor.abiVersion)"
        case "struct_size":
            "size of the descriptor: expected at least \(expectedSize) bytes, found \(descriptor.structSize)"
        case "call", "release":
            "\(field): expected a function, found NULL"
        default:
            "\(field): expected text of 1 to \(nameLimit) bytes, found none or more"
        }
    }

    private func remedy(_ file: PluginFile) -> String {
        switch kind {
        case .unloadable: "build it for this machine, with every library that it needs next to it or installed"
        case .noSymbol: "export ciso_plugin_entry as PluginABI.h declares it; docs/plugins.md shows how"
        case .mismatch(let descriptor, "abi_version") where descriptor.abiVersion > expectedVersion:
            "build it against this ciso's PluginABI.h, or use a ciso that knows ABI version \(descriptor.abiVersion)"
        case .declined, .mismatch: "build it again against this ciso's PluginABI.h"
        case .misnamed(let found, let expected) where found.lowercased() == expected:
            "a plugin's name has lower-case letters, digits and '-' only; the file's name may have capitals"
        case .misnamed(let found, _):
            "rename the file to libCiso\(found.filter { $0 != "-" }).so (capitalised in any way)"
        case .crashed, .exited, .hung:
            "only this call failed; `ci plugin check \(file.path)` shows whether it happens again"
        case .tooLarge, .garbage: "run `ci plugin check \(file.path)` and report it to the plugin's author"
        case .notStarted: "ciso-plugin-host must be in the directory of the program ci"
        }
    }
}

func signalName(_ signal: Int32) -> String {
    let names: [Int32: String] = [
        SIGSEGV: "SIGSEGV (a bad memory access)", SIGBUS: "SIGBUS (a bad memory access)",
        SIGILL: "SIGILL (a trap: fatalError, a failed precondition)",
        SIGTRAP: "SIGTRAP (a trap: fatalError, a failed precondition)", SIGABRT: "SIGABRT (abort)",
        SIGFPE: "SIGFPE (an arithmetic error)", SIGKILL: "SIGKILL", SIGTERM: "SIGTERM",
        SIGXFSZ: "SIGXFSZ (it wrote a file)",
        SIGALRM: "SIGALRM (its time limit was exceeded)", SIGSYS: "SIGSYS (a forbidden system call)",
    ]
    return names[signal] ?? "signal \(signal)"
}

private func hexadecimal(_ number: UInt32) -> String {
    let digits = String(number, radix: 16, uppercase: true)
    return String(repeating: "0", count: 8 - digits.count) + digits
}

extension Duration {
    /// The duration rounded to a tenth: `2.5 s`.
    fileprivate var formattedSeconds: String {
        let tenths = components.seconds * 10 + components.attoseconds / 100_000_000_000_000_000
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
