internal import Foundation
package import HTTP
internal import System

/// Downloads files by http, https and ftp.
package struct SourceDownloader: Sendable {
    private let client: HTTPClient

    package init(_ client: HTTPClient = HTTPClient()) {
        self.client = client
    }

    /// Downloads `url` to `file`, at most `limit` bytes.
    ///
    /// - Throws: `SourceError`, which distinguishes a missing file from a network failure; `CancellationError`.
    package func download(_ url: String, to file: String, limit: Int) async throws {
        guard ["http", "https", "ftp"].contains(url.prefix { $0 != ":" }) else {
            throw SourceError(.missing, "\(url): only http, https and ftp addresses can be fetched")
        }
        var request = HTTPRequest(.get, url)
        request.schemes = ["http", "https", "ftp"]
        request.redirects = 10
        request.limits.time = .seconds(1800)
        request.limits.bytes = limit
        let response: HTTPResponse
        do {
            response = try await client.download(request, to: file)
        } catch let error as HTTPError {
            throw SourceError(Self.kind(of: error), "\(error)")
        } catch let error as SystemError {
            throw SourceError(.system, "\(url): \(error)")
        }
        guard response.isSuccess else {
            throw SourceError(
                Self.kind(ofStatus: response.status), "\(url): the server answered with \(response.status)")
        }
    }

    private static func kind(of error: HTTPError) -> SourceError.Kind {
        switch error.kind {
        case .tooLarge: .rejected
        case .credentials: .system
        case .unreachable where isReserved(error.url): .missing
        default: .network
        }
    }

    /// Other client errors may also come from a proxy, a rate limit or missing credentials.
    private static func kind(ofStatus status: Int) -> SourceError.Kind {
        [400, 404, 410, 414, 451].contains(status) ? .missing : .network
    }

    /// Whether the host is in the reserved domain `invalid` (RFC 2606).
    private static func isReserved(_ url: String) -> Bool {
        URL(string: url)?.host()?.hasSuffix(".invalid") == true
    }
}
