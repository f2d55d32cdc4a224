internal import Core
internal import Foundation
internal import HTTP
internal import Logging
internal import Synchronization

/// A client of etcd's JSON gateway. It uses the member that responded last and moves to the next one after a failure.
/// Calls block the thread.
final class EtcdGateway: Sendable {
    private let settings: EtcdSettings
    private let client: HTTPClient
    private let current = Mutex(0)
    private let token = Mutex<String?>(nil)

    /// The time limit of one attempt: a member without a leader responds late or not at all.
    private static let attemptTimeout: Duration = .seconds(2)
    /// The time limit of all attempts of a call, longer than the election of a leader.
    private static let timeout: Duration = .seconds(10)

    init(_ settings: EtcdSettings) {
        var settings = settings
        settings.http.allowsHTTP2 = false
        self.settings = settings
        client = HTTPClient(settings.http)
    }

    /// Sends a request, and retries it at the other members while the failure is transient.
    ///
    /// - Parameter timeout: How long to retry.
    /// - Throws: `EtcdError`.
    func call<Response: Decodable>(
        _ method: String, _ body: some Encodable, timeout: Duration = timeout
    ) throws -> Response {
        try repeatedCall(method, body, timeout: timeout).response
    }

    /// Like `call`, but also returns whether the request was retried, so that an earlier attempt may have taken effect.
    func repeatedCall<Response: Decodable>(
        _ method: String, _ body: some Encodable, timeout: Duration = timeout
    ) throws -> (response: Response, isRepeated: Bool) {
        let bytes = [UInt8](try JSONEncoder().encode(body))
        let deadline = ContinuousClock.now + timeout
        var failures = 0
        while true {
            let index = current.withLock { $0 }
            do {
                return (try attempt(settings.endpoints[index], method, bytes), failures > 0)
            } catch let error as EtcdError where error.isTransient {
                logger.debug("a member of etcd does not respond", metadata: ["reason": "\(error.message)"])
                moveOn(from: index)
                failures += 1
                guard ContinuousClock.now < deadline else { throw error }
                // Every member has failed once more: wait before the next round.
                if failures.isMultiple(of: settings.endpoints.count) { Thread.sleep(forTimeInterval: 0.1) }
            }
        }
    }

    /// The status of each member, in the order of the settings.
    func statuses() -> [(endpoint: String, status: Result<EtcdMessages.Status, any Error>)] {
        settings.endpoints.map { endpoint in
            (endpoint, Result { try attempt(endpoint, "maintenance/status", Array("{}".utf8)) })
        }
    }

    /// Selects the member after `index`, unless another thread has already done so.
    private func moveOn(from index: Int) {
        current.withLock { current in
            if current == index { current = (index + 1) % settings.endpoints.count }
        }
    }

    private func attempt<Response: Decodable>(_ endpoint: String, _ method: String, _ body: [UInt8]) throws -> Response
    {
        var request = request(endpoint, method, body)
        request.limits.connecting = Self.attemptTimeout
        request.limits.time = Self.attemptTimeout
        request.limits.bytes = 256 << 20
        var isFirst = true
        while true {
            try authenticate(&request, endpoint)
            let response = try send(request)
            if response.isSuccess { return try decode(Response.self, response.body, endpoint) }
            let error = Self.error(in: response.body, response, endpoint)
            // Tokens expire, and they are lost when the member that issued them restarts.
            guard error.kind == .authentication, settings.user != nil, isFirst else { throw error }
            isFirst = false
            token.withLock { $0 = nil }
        }
    }

    private func request(_ endpoint: String, _ method: String, _ body: [UInt8]) -> HTTPRequest {
        var request = HTTPRequest(.post, "\(endpoint)/v3/\(method)")
        request.headers = [("Content-Type", "application/json")]
        request.body = .bytes(body)
        return request
    }

    private func authenticate(_ request: inout HTTPRequest, _ endpoint: String) throws {
        guard let user = settings.user else { return }
        let known = token.withLock { $0 }
        let token =
            try known ?? newToken(endpoint, EtcdMessages.Credentials(name: user, password: settings.password ?? ""))
        request.headers.removeAll { $0.name == "Authorization" }
        request.headers.append(("Authorization", token))
    }

    private func newToken(_ endpoint: String, _ credentials: EtcdMessages.Credentials) throws -> String {
        var request = request(endpoint, "auth/authenticate", [UInt8](try JSONEncoder().encode(credentials)))
        request.limits.time = Self.attemptTimeout
        let response = try send(request)
        guard response.isSuccess else { throw Self.error(in: response.body, response, endpoint) }
        let new = try decode(EtcdMessages.Token.self, response.body, endpoint).token
        token.withLock { $0 = new }
        return new
    }

    private func send(
        _ request: HTTPRequest, _ cancellation: HTTPCancellation = HTTPCancellation(),
        receive: HTTPClient.Receiver? = nil
    ) throws -> HTTPResponse {
        do {
            return try client.send(request, cancellation: cancellation, receive: receive)
        } catch let error as HTTPError {
            throw EtcdError(EtcdError.Kind(error.kind), error.description)
        }
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8], _ endpoint: String) throws -> Value {
        guard let value = try? JSONDecoder().decode(type, from: Data(bytes)) else {
            let beginning = String(decoding: bytes.prefix(200), as: UTF8.self).displayableOnOneLine
            throw EtcdError(.refused, "\(endpoint): expected a response of etcd, found '\(beginning)'")
        }
        return value
    }
}

// MARK: Streams

extension EtcdGateway {
    /// Calls `receive` with each message of a stream, which may stay open for at most `limit`.
    ///
    /// - Throws: `EtcdError`, and any error of `receive`.
    func stream<Response: Decodable>(
        _ method: String, _ body: some Encodable, limit: Duration, cancellation: HTTPCancellation,
        receive: (Response) throws -> Void
    ) throws {
        let index = current.withLock { $0 }
        let endpoint = settings.endpoints[index]
        var request = request(endpoint, method, [UInt8](try JSONEncoder().encode(body)))
        // Without this header, a member that is partitioned from the leader keeps the stream open but sends nothing.
        request.headers.append(("Grpc-Metadata-hasleader", "true"))
        request.limits.connecting = Self.attemptTimeout
        request.limits.time = limit
        request.limits.stall = nil
        request.limits.bytes = .max
        try authenticate(&request, endpoint)
        var lines = LineSplitter()
        do {
            let response = try withoutActuallyEscaping(receive) { receive in
                try send(request, cancellation) { piece in
                    try lines.add(piece) { line in
                        let message = try self.decode(EtcdMessages.Streamed<Response>.self, line, endpoint)
                        if let failure = message.error { throw Self.error(failure, endpoint) }
                        if let result = message.result { try receive(result) }
                    }
                }
            }
            guard response.isSuccess else { throw Self.error(in: response.body, response, endpoint) }
        } catch let error as EtcdError where error.isTransient {
            moveOn(from: index)
            throw error
        }
    }
}

// MARK: Errors

extension EtcdGateway {
    private static func error(in body: [UInt8], _ response: HTTPResponse, _ endpoint: String) -> EtcdError {
        guard let failure = try? JSONDecoder().decode(EtcdMessages.ErrorResponse.self, from: Data(body)) else {
            return EtcdError(.refused, "\(endpoint): answered with \(response.status): \(response.excerpt)")
        }
        return error(failure, endpoint)
    }

    private static func error(_ failure: EtcdMessages.ErrorResponse, _ endpoint: String) -> EtcdError {
        let text = failure.text
        let kind: EtcdError.Kind =
            switch failure.code ?? failure.grpc_code ?? 0 {
            case 8 where text.contains("space exceeded"): .noSpace
            case 5 where text.contains("lease not found"): .leaseLost
            case 11: .compacted
            case 7, 16: .authentication
            case 3 where text.contains("auth") || text.contains("user name"): .authentication
            // Unavailable: there is no leader, it changed, or the other members did not respond in time.
            case 4, 14: .lostQuorum
            case _ where text.contains("no leader"): .lostQuorum
            default: .refused
            }
        return EtcdError(kind, "\(endpoint): \(text.displayableOnOneLine)")
    }
}

extension EtcdErrorKind {
    fileprivate init(_ kind: HTTPError.Kind) {
        self =
            switch kind {
            case .unreachable, .interrupted: .unreachable
            case .timedOut: .lostQuorum
            case .certificate: .certificate
            case .credentials: .credentials
            case .cancelled: .cancelled
            case .address, .tooLarge, .redirects, .other: .refused
            }
    }
}
