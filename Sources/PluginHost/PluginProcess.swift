internal import Core

/// A child process that has loaded one plugin. Used by one thread at a time; any fault ends the child.
///
/// - SeeAlso: `docs/decisions/0071-plugin-host.md`
package final class PluginProcess {
    /// The descriptor's numeric fields.
    package let descriptor: PluginFault.Descriptor
    /// The name in the descriptor.
    package let name: String
    /// The version in the descriptor.
    package let version: String

    private let child: ChildProcess
    private let limits: PluginLimits

    /// Starts the child, which loads `file`.
    ///
    /// - Throws: `PluginFault` if it cannot be loaded or its descriptor is invalid.
    package init(_ file: PluginFile, host: PluginHostProgram, limits: PluginLimits) throws(PluginFault) {
        // The child's own alarm is for a child that is no longer supervised, and therefore later than our limit.
        let seconds = max(1, limits.time.components.seconds * 2 + 5)
        // The loader searches a name without a slash in the system's directories.
        let path = file.path.contains("/") ? file.path : "./\(file.path)"
        child = try ChildProcess(
            program: host, arguments: [path, "\(limits.memory)", "\(limits.answer)", "\(seconds)"])
        self.limits = limits
        let hello = try child.exchange([], limit: 65_536, time: limits.time)
        descriptor = PluginFault.Descriptor(
            magic: UInt32(hello.number(at: 0, count: 4) ?? 0), abiVersion: UInt32(hello.number(at: 4, count: 4) ?? 0),
            structSize: UInt32(hello.number(at: 8, count: 4) ?? 0))
        let texts = hello.texts(from: 12)
        switch hello.kind {
        case .loaded where texts.count == 2: (name, version) = (texts[0], texts[1])
        case .mismatch where texts.count == 1: throw PluginFault(kind: .mismatch(descriptor, field: texts[0]))
        case .unloadable: throw PluginFault(kind: .unloadable(hello.text))
        case .noSymbol: throw PluginFault(kind: .noSymbol(hello.text))
        case .declined: throw PluginFault(kind: .declined)
        default: throw PluginFault(kind: .garbage("the plugin wrote into the host's own socket while it was loaded"))
        }
    }

    /// Whether the child process is still running.
    package var isAlive: Bool { child.isAlive }

    /// Calls the plugin.
    ///
    /// - Returns: the status of the call, and the bytes of the answer or refusal.
    /// - Throws: `PluginFault`; the child has then been killed.
    package func call(_ name: String, _ request: [UInt8]) throws(PluginFault) -> (status: CallStatus, bytes: [UInt8]) {
        do {
            return try result(
                of: child.exchange(Frame.call(name, request: request), limit: limits.answer, time: limits.time))
        } catch {
            child.end()
            var fault = error
            fault.call = name
            throw fault
        }
    }

    private func result(of frame: Frame) throws(PluginFault) -> (status: CallStatus, bytes: [UInt8]) {
        switch frame.kind {
        case .answer:
            let number = Int32(truncatingIfNeeded: frame.number(at: 0, count: 4) ?? 0)
            guard let status = CallStatus(rawValue: number) else {
                throw PluginFault(kind: .garbage("expected the status 0, 1 or 2, found \(number)"))
            }
            return (status, Array(frame.bytes.dropFirst(4)))
        case .tooLarge:
            throw PluginFault(kind: .tooLarge(found: frame.number(at: 0, count: 8) ?? 0, limit: limits.answer))
        case .broken:
            throw PluginFault(kind: .garbage("the plugin \(frame.texts(from: 0).first ?? "broke the ABI")"))
        default:
            throw PluginFault(kind: .garbage("the plugin wrote into the host's own socket"))
        }
    }
}
