internal import CCurl
internal import Synchronization
internal import System

/// A libcurl handle, which keeps connections open for later requests. Used by one thread at a time.
final class CurlConnection: @unchecked Sendable {
    private let easy: UnsafeMutableRawPointer
    private let multi: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>

    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private static var failure: HTTPError { HTTPError(.other, "libcurl", "cannot be initialized") }

    init() throws(HTTPError) {
        guard Self.isReady, let easy = curl_easy_init() else { throw Self.failure }
        guard let multi = curl_multi_init() else {
            curl_easy_cleanup(easy)
            throw Self.failure
        }
        (self.easy, self.multi) = (easy, multi)
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        // A client connects to few hosts.
        _ = ciso_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 4)
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_multi_cleanup(multi)
        errorText.deallocate()
    }

    func send(
        _ request: HTTPRequest, _ settings: HTTPSettings, _ cancellation: HTTPCancellation,
        _ receive: HTTPClient.Receiver?
    ) throws -> HTTPResponse {
        let exchange = try HTTPExchange(request, receive)
        let headers = try list(of: request)
        defer { curl_slist_free_all(headers) }
        errorText.pointee = 0
        curl_easy_reset(easy)
        setUp(request, exchange)
        setUp(settings)
        setUp(request.limits)
        _ = ciso_curl_set_headers(easy, headers)
        let code = withExtendedLifetime(exchange) { transfer(cancellation) }
        if let error = exchange.error { throw error }
        guard let code else { throw HTTPError(.cancelled, request.url, "cancelled") }
        guard code == CURLE_OK.rawValue else {
            let error = error(CURLcode(code), request)
            let mayBeRejection = error.kind == .interrupted && exchange.response.status == 0
            throw mayBeRejection ? Self.certificateRejection(request, settings) ?? error : error
        }
        return exchange.finish(at: ciso_curl_url(easy).map { String(cString: $0) } ?? request.url)
    }

    /// Transfers data until the exchange is complete.
    ///
    /// - Returns: nil if the request was cancelled.
    private func transfer(_ cancellation: HTTPCancellation) -> UInt32? {
        nonisolated(unsafe) let multi = multi
        curl_multi_add_handle(multi, easy)
        defer { curl_multi_remove_handle(multi, easy) }
        let wake: @Sendable () -> Void = { curl_multi_wakeup(multi) }
        return cancellation.waking(wake) {
            var running: Int32 = 1
            while true {
                guard !cancellation.isCancelled else { return nil }
                guard curl_multi_perform(multi, &running) == CURLM_OK else { return CURLE_FAILED_INIT.rawValue }
                let result = ciso_curl_result(multi)
                if result >= 0 { return UInt32(result) }
                guard curl_multi_poll(multi, nil, 0, 10_000, nil) == CURLM_OK else { return CURLE_FAILED_INIT.rawValue }
            }
        }
    }

    /// The server's reason for rejecting our certificate; nil if it accepts it.
    ///
    /// In TLS 1.3 a server closes the connection after the handshake, and its alert may be lost with the data we have
    /// sent. So another handshake is made with TLS 1.2, in which the alert is part of the handshake. No request is
    /// sent.
    private static func certificateRejection(_ request: HTTPRequest, _ settings: HTTPSettings) -> HTTPError? {
        guard request.url.hasPrefix("https:"), let probe = try? CurlConnection() else { return nil }
        let request = HTTPRequest(.head, request.url)
        guard let exchange = try? HTTPExchange(request, nil) else { return nil }
        probe.errorText.pointee = 0
        probe.setUp(request, exchange)
        probe.setUp(settings)
        probe.long(CURLOPT_CONNECTTIMEOUT_MS, 2_000)
        probe.long(CURLOPT_TIMEOUT_MS, 2_000)
        probe.long(CURLOPT_CONNECT_ONLY, 1)
        probe.long(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_MAX_TLSv1_2))
        let code = withExtendedLifetime(exchange) { probe.transfer(HTTPCancellation()) }
        guard let code, code != CURLE_OK.rawValue else { return nil }
        var error = probe.error(CURLcode(code), request)
        // The connection may also be closed before the alert arrives; in any case the handshake fails.
        let isHandshake = CURLcode(code) == CURLE_SSL_CONNECT_ERROR && !error.reason.contains("protocol version")
        if isHandshake { error.kind = .certificate }
        return error.kind == .certificate ? error : nil
    }

    private func list(of request: HTTPRequest) throws(HTTPError) -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        // Without the second header the library waits for servers that do not support it.
        for (name, value) in [("User-Agent", "ciso"), ("Expect", "")] + request.headers {
            guard !(name + value).utf8.contains(where: { $0 < 32 || $0 == 127 }) else {
                curl_slist_free_all(list)
                throw HTTPError(.address, request.url, "the header '\(name)' has a control character")
            }
            list = curl_slist_append(list, "\(name): \(value)")
        }
        return list
    }

    private func error(_ code: CURLcode, _ request: HTTPRequest) -> HTTPError {
        let text = errorText.pointee == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
        let kind: HTTPError.Kind =
            switch code {
            case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT: .address
            case CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT: .unreachable
            case CURLE_OPERATION_TIMEDOUT: .timedOut
            case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE: .credentials
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_INVALIDCERTSTATUS: .certificate
            case CURLE_FILESIZE_EXCEEDED: .tooLarge
            case CURLE_TOO_MANY_REDIRECTS: .redirects
            case CURLE_SSL_CONNECT_ERROR, CURLE_RECV_ERROR, CURLE_SEND_ERROR:
                // A server's alert about our certificate arrives while connecting or, in TLS 1.3, later.
                text.contains("alert") || text.contains("certificate") ? .certificate : .interrupted
            case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_READ_ERROR: .interrupted
            default: .other
            }
        return HTTPError(kind, request.url, text)
    }
}

// MARK: Options

extension CurlConnection {
    private func setUp(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        ciso_curl_set_callbacks(
            easy, Unmanaged.passUnretained(exchange).toOpaque(), errorText, receiveBody, receiveHeader, fillBody,
            seekBody)
        text(CURLOPT_URL, request.url)
        text(CURLOPT_PROTOCOLS_STR, request.schemes.joined(separator: ","))
        text(CURLOPT_REDIR_PROTOCOLS_STR, request.schemes.joined(separator: ","))
        long(CURLOPT_NOSIGNAL, 1)
        long(CURLOPT_QUICK_EXIT, 1)
        long(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        long(CURLOPT_FOLLOWLOCATION, request.redirects > 0 ? 1 : 0)
        long(CURLOPT_MAXREDIRS, request.redirects)
        switch request.method {
        case .get: long(CURLOPT_HTTPGET, 1)
        case .head: long(CURLOPT_NOBODY, 1)
        default:
            if let size = exchange.bodySize {
                long(CURLOPT_UPLOAD, 1)
                size64(CURLOPT_INFILESIZE_LARGE, size)
            }
            text(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        }
    }

    private func setUp(_ settings: HTTPSettings) {
        if let file = settings.authorities { text(CURLOPT_CAINFO, file) }
        if let directory = settings.authorityDirectory { text(CURLOPT_CAPATH, directory) }
        if let file = settings.certificate { text(CURLOPT_SSLCERT, file) }
        if let file = settings.key { text(CURLOPT_SSLKEY, file) }
        if !settings.allowsHTTP2 { long(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)) }
        long(CURLOPT_BUFFERSIZE, 1 << 17)
        long(CURLOPT_UPLOAD_BUFFERSIZE, 1 << 18)
        long(CURLOPT_TCP_KEEPALIVE, 1)
    }

    private func setUp(_ limits: HTTPRequest.Limits) {
        long(CURLOPT_CONNECTTIMEOUT_MS, max(1, limits.connecting.milliseconds))
        if let time = limits.time { long(CURLOPT_TIMEOUT_MS, max(1, time.milliseconds)) }
        if let stall = limits.stall {
            long(CURLOPT_LOW_SPEED_LIMIT, 1024)
            long(CURLOPT_LOW_SPEED_TIME, max(1, stall.milliseconds / 1000))
        }
        size64(CURLOPT_MAXFILESIZE_LARGE, limits.bytes)
    }

    private func long(_ option: CURLoption, _ value: Int) { _ = ciso_curl_set_long(easy, option, value) }
    private func size64(_ option: CURLoption, _ value: Int) { _ = ciso_curl_set_size(easy, option, curl_off_t(value)) }
    private func text(_ option: CURLoption, _ value: String) { _ = ciso_curl_set_text(easy, option, value) }
}

// MARK: Callbacks

private func exchange(_ context: UnsafeMutableRawPointer?) -> HTTPExchange {
    Unmanaged<HTTPExchange>.fromOpaque(context!).takeUnretainedValue()
}

private let receiveBody: curl_write_callback = { bytes, size, count, context in
    exchange(context).receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}

private let receiveHeader: curl_write_callback = { bytes, size, count, context in
    exchange(context).receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}

private let fillBody: curl_read_callback = { buffer, size, count, context in
    exchange(context).fill(UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
        ?? Int(CURL_READFUNC_ABORT)
}

private let seekBody: curl_seek_callback = { context, offset, origin in
    guard origin == SEEK_SET else { return CURL_SEEKFUNC_CANTSEEK }
    exchange(context).seek(to: Int(offset))
    return CURL_SEEKFUNC_OK
}
