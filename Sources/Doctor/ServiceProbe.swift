internal import Core
internal import System

/// Tries a service of another machine that the settings name.
package struct ServiceProbe: Sendable {
    private let name: String
    private let probe: @Sendable () throws -> String

    /// - Parameters:
    ///   - name: the setting that names the service.
    ///   - probe: returns what works; throws what does not. May block.
    package init(name: String, probe: @escaping @Sendable () throws -> String) {
        self.name = name
        self.probe = probe
    }

    /// What was found. A service that is wanted and does not work is missing.
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
