internal import Core
internal import Foundation
package import HTTP
internal import Logging
internal import Synchronization
internal import System

/// A client of one repository of a registry by the OCI distribution protocol. Calls block the thread; each thread uses
/// its own connection.
package final class RegistryClient: Sendable {
    /// The repository.
    package let address: RegistryAddress
    private let http: HTTPClient
    private let credentials: RegistryCredentials
    /// How long requests are retried while the registry is unreachable or busy.
    let timeout: Duration
    /// The time before which no request should be sent, according to the registry when it refused one.
    private let notBefore = Mutex<ContinuousClock.Instant?>(nil)
    /// The longest wait for a registry that limits the rate of requests.
    private static let longestPause = Duration.seconds(60)
    private let authorization = Mutex<String?>(nil)

    package init(
        _ address: RegistryAddress, http: HTTPClient, credentials: RegistryCredentials = RegistryCredentials(),
        timeout: Duration = .seconds(30)
    ) {
        self.address = address
        self.http = http
        self.credentials = credentials
        self.timeout = timeout
    }

    /// A request for a path in the repository, such as `blobs/…` or `manifests/…`.
    func request(_ method: HTTPRequest.Method, _ path: String) -> HTTPRequest {
        HTTPRequest(method, "\(address.server)/v2/\(address.name)/\(path)")
    }

    /// Checks that the registry answers and accepts the credentials.
    package func ping() throws { _ = try send(HTTPRequest(.get, "\(address.server)/v2/")) }

    /// Sends a request, and authenticates if the registry demands it.
    ///
    /// - Parameter accepted: Status codes outside 2xx that are not errors.
    /// - Throws: `RegistryError`, and any error of `receive`.
    func send(
        _ request: HTTPRequest, accepting accepted: Set<Int> = [], receive: HTTPClient.Receiver? = nil
    ) throws -> HTTPResponse {
        let known = authorization.withLock { $0 }
        var response = try exchange(request, known, receive)
        if response.status == 401, let fresh = try authorize(response) {
            authorization.withLock { $0 = fresh }
            response = try exchange(request, fresh, receive)
        }
        if response.isSuccess || accepted.contains(response.status) { return response }
        throw error(response)
    }

    private func exchange(
        _ request: HTTPRequest, _ authorization: String?, _ receive: HTTPClient.Receiver?
    ) throws -> HTTPResponse {
        var request = request
        // Credentials are sent to the registry only: the location of an upload may be on another host.
        if let authorization, request.url.hasPrefix("\(address.server)/") {
            request.headers.append(("Authorization", authorization))
        }
        do {
            return try http.send(request, receive: receive)
        } catch let error as HTTPError {
            throw RegistryError(RegistryError.Kind(error.kind), error.description)
        }
    }

    /// Whether the repository has a blob.
    func hasBlob(_ digest: Digest) throws -> Bool {
        try persistently { try send(request(.head, "blobs/\(digest.oci)"), accepting: [404]).isSuccess }
    }

    /// Retries `body` while it fails with a transient error, until `timeout` has passed. If the registry states when to
    /// try again, the next attempt waits for that time, unless it is too far away: then the error is thrown
    /// immediately.
    func persistently<Value>(_ body: () throws -> Value) throws -> Value {
        let deadline = ContinuousClock.now + timeout
        let latest = ContinuousClock.now + max(timeout, Self.longestPause)
        let backoff = ExponentialBackoff(.milliseconds(100), limit: .seconds(1))
        var failures = 0
        while true {
            do {
                return try body()
            } catch let error as RegistryError where error.isTransient {
                let now = ContinuousClock.now
                let stated = error.kind == .limited ? notBefore.withLock { $0 } : nil
                guard stated.map({ $0 <= latest }) ?? (now < deadline) else { throw error }
                failures += 1
                if failures == 1 {
                    logger.debug("retrying a request to the registry", metadata: ["reason": "\(error.message)"])
                }
                let pause = backoff.delay(after: failures)
                let wait = stated.map { max($0 - now, pause) } ?? pause
                Thread.sleep(forTimeInterval: wait / .seconds(1))
            }
        }
    }

    /// The time before which no request should be sent, according to `Retry-After` in seconds; nil without that header.
    private func pause(after response: HTTPResponse) -> ContinuousClock.Instant? {
        guard let seconds = response.header("retry-after").flatMap({ Int($0) }), seconds >= 0 else { return nil }
        return .now + .seconds(min(seconds, 1 << 20))
    }

    private func error(_ response: HTTPResponse) -> RegistryError {
        struct Refusals: Decodable {
            struct Refusal: Decodable {
                var code: String?
                var message: String?
            }

            var errors: [Refusal]?
        }
        let refusal = (try? JSONDecoder().decode(Refusals.self, from: Data(response.body)))?.errors?.first
        let kind: RegistryError.Kind =
            switch response.status {
            case 401: .authentication
            case 403: .denied
            case 404: .absent
            case 405: .forbidden
            case 429: .limited
            case 500...: .busy
            case _ where refusal?.code == "DIGEST_INVALID": .damaged
            default: .refused
            }
        let words = [refusal?.code, refusal?.message].compactMap { $0 }.joined(separator: ": ")
        if kind == .limited { notBefore.withLock { $0 = pause(after: response) } }
        let text = words.isEmpty ? response.excerpt : words.displayableOnOneLine
        let url = response.url.prefix { $0 != "?" }
        let later = kind == .limited ? response.header("retry-after") : nil
        return RegistryError(
            kind,
            "\(url): answered with \(response.status)\(text.isEmpty ? "" : ": ")\(text)\(later.map { "; Retry-After: \($0.displayableOnOneLine)" } ?? "")"
        )
    }
}

extension RegistryClient {
    /// The error for a blob whose contents do not have its digest.
    ///
    /// - Parameter size: The number of bytes received.
    func otherContents(of digest: Digest, size: Int) -> RegistryError {
        RegistryError(.damaged, "\(address): the blob \(digest.oci) has other contents: \(count(size, "byte"))")
    }
}

// MARK: Authorization

extension RegistryClient {
    /// The value of `Authorization` that satisfies a response's challenge; nil if there is none, or no user for it.
    ///
    /// - Throws: `RegistryError` of kind `scheme` if the challenge cannot be met by any user.
    private func authorize(_ response: HTTPResponse) throws -> String? {
        let challenges = response.headers.filter { $0.name == "www-authenticate" }
            .flatMap { Challenge.all(in: $0.value) }
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) { return try token(bearer) }
        guard challenges.contains(where: { $0.scheme == "basic" }) else {
            if challenges.isEmpty { return nil }
            let schemes = challenges.map { "'\($0.scheme)'" }.joined(separator: ", ")
            throw RegistryError(.scheme, "\(address): it asks for a user by \(schemes)".displayableOnOneLine)
        }
        return credentials.basic(for: address.host).map { "Basic \($0)" }
    }

    private func token(_ challenge: Challenge) throws -> String? {
        struct Token: Decodable {
            var token: String?
            var accessToken: String?

            enum CodingKeys: String, CodingKey {
                case token
                case accessToken = "access_token"
            }
        }
        let realm = challenge.parameters["realm"] ?? ""
        guard !realm.isEmpty, var url = URLComponents(string: realm) else {
            throw RegistryError(.scheme, "\(address): it asks for a token from '\(realm)'".displayableOnOneLine)
        }
        let scope = challenge.parameters["scope"] ?? "repository:\(address.name):pull,push"
        url.queryItems = (url.queryItems ?? []) + [URLQueryItem(name: "scope", value: scope)]
        if let service = challenge.parameters["service"] {
            url.queryItems?.append(URLQueryItem(name: "service", value: service))
        }
        // The password is sent to a token server without TLS only if the registry itself is used without TLS.
        guard let text = url.string, text.hasPrefix("https://") || address.server.hasPrefix("http://") else {
            throw RegistryError(
                .scheme, "\(address): it asks for a token from a server without TLS: \(realm)".displayableOnOneLine)
        }
        var request = HTTPRequest(.get, text)
        if let basic = credentials.basic(for: address.host) { request.headers = [("Authorization", "Basic \(basic)")] }
        let response = try exchange(request, nil, nil)
        guard response.isSuccess else { throw error(response) }
        let answer = try? JSONDecoder().decode(Token.self, from: Data(response.body))
        return (answer?.token ?? answer?.accessToken).map { "Bearer \($0)" }
    }
}

extension RegistryErrorKind {
    fileprivate init(_ kind: HTTPError.Kind) {
        self =
            switch kind {
            case .unreachable, .interrupted, .timedOut: .unreachable
            case .certificate: .certificate
            case .credentials: .credentials
            case .address, .tooLarge, .redirects, .cancelled, .other: .refused
            }
    }
}
