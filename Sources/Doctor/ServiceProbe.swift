internal import Core
internal import System

/// Checks that a service in the settings works.
package struct ServiceProbe: Sendable {
    private let name: String
    private let probe: @Sendable () throws -> String

    /// - Parameters:
    ///   - name: The setting that names the service.
    ///   - probe: Returns a summary of what works, or throws. May block.
    package init(name: String, probe: @escaping @Sendable () throws -> String) {
        self.name = name
        self.probe = probe
    }

    /// Probes the service. A configured service that does not work is `missing`.
    func finding() async -> Finding {
        do {
            return Finding(name: name, state: .good, detail: try await BlockingWork.run(probe))
        } catch {
            let diagnostic = Failure(describing: error).diagnostics.first
            return Finding(
                name: name, state: .missing, detail: diagnostic?.message ?? "\(error)", remedy: diagnostic?.hint)
        }
    }
}
