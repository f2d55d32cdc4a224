internal import Core
internal import Foundation
internal import Supervision
internal import Synchronization

/// Gets `url` into `file` by the program curl, which knows proxies and certificates of this machine.
///
/// - Throws: `SourceError` that tells a file that is not there from a network that does not work.
package func curl(_ url: String, to file: String, limit: Int) async throws {
    guard ["http", "https", "ftp"].contains(url.prefix { $0 != ":" }) else {
        throw SourceError(.missing, "\(url): only http, https and ftp addresses can be fetched")
    }
    let said = Mutex("")
    let command = Command(
        name: "fetch",
        .arguments([
            "curl", "--fail", "--silent", "--show-error", "--location", "--max-redirs", "10",
            "--proto", "=http,https,ftp", "--connect-timeout", "30", "--speed-limit", "1024", "--speed-time", "60",
            "--max-filesize", String(limit), "--output", file, "--write-out", "\n%{http_code}\n", "--", url,
        ]),
        network: true, environment: ProcessInfo.processInfo.environment,
        limits: Limits(time: .seconds(1800), silence: nil, memory: nil, disk: nil, output: 1 << 16))
    let result = await HostCommand.run(command) { bytes in
        said.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
    }
    if result.ending == .cancelled { throw CancellationError() }
    let size = (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0
    if result.succeeded, size <= limit { return }
    let lines = said.withLock { $0.split(separator: "\n").map(String.init) }
    let status = lines.last.flatMap { Int($0) } ?? 0
    let reason = lines.first { $0.hasPrefix("curl:") } ?? result.ending.description
    let isTooLarge = size > limit || result.ending == .exited(63)
    // The other errors of clients are also what a proxy, a limit of requests or a lack of credentials gives.
    let isMissing = [400, 404, 410, 414, 451].contains(status) || isNameless(url)
    // 23: the file could not be written.
    let isLocal = result.isInfrastructure || result.ending == .exited(23)
    throw SourceError(
        isLocal ? .system : isTooLarge ? .rejected : isMissing ? .missing : .network, "\(url): \(reason)")
}

/// Whether the host is of the domain that never exists (RFC 2606).
private func isNameless(_ url: String) -> Bool {
    URL(string: url)?.host()?.hasSuffix(".invalid") == true
}
