internal import Glibc
internal import NIOCore
internal import NIOHTTP1

/// Ends connections when the client's version of HTTP or a limit requires it.
///
/// Behind this handler all requests are of HTTP 1.1. A client of version 1.0 reads until the connection ends, unless it
/// asked to keep the connection and the response says that it does; it does not know chunks.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private struct Exchange {
        var version: HTTPVersion
        var isPersistent: Bool
        var isHead: Bool
    }

    /// Requests without a response so far.
    private var exchanges = CircularBuffer<Exchange>()
    /// Whether the connection ends with the current response, although the request asked to keep it.
    private var isEnding = false
    /// Ends the connection if the rest of the request does not arrive.
    private var deadline: Scheduled<Void>?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        switch part {
        case .head(var head):
            exchanges.append(
                Exchange(version: head.version, isPersistent: head.isKeepAlive, isHead: head.method == .HEAD))
            // The server compares the header with this word.
            if !head.isKeepAlive { head.headers.replaceOrAdd(name: "connection", value: "close") }
            part = .head(head)
            deadline?.cancel()
            deadline = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Int64(ServerLimits.idle))) {
                context.close(promise: nil)
            }
        case .body: break
        case .end:
            deadline?.cancel()
            deadline = nil
        }
        context.fireChannelRead(wrapInboundOut(part))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            context.write(wrapOutboundOut(.head(answering(exchanges.popFirst(), with: head))), promise: promise)
        case .end where isEnding:
            context.writeAndFlush(data, promise: promise)
            context.close(mode: .output, promise: nil)
        case .body, .end: context.write(data, promise: promise)
        }
    }

    private func answering(_ exchange: Exchange?, with head: HTTPResponseHead) -> HTTPResponseHead {
        // Without a request, the response is that to an invalid one.
        guard let exchange else { return head }
        var head = head
        var isPersistent = exchange.isPersistent
        if exchange.version.major == 1 && exchange.version.minor == 0 {
            head.version = exchange.version
            let hasLength =
                exchange.isHead || head.status == .notModified || head.headers.contains(name: "content-length")
            isEnding = isPersistent && !hasLength
            isPersistent = isPersistent && hasLength
            if isPersistent { head.headers.replaceOrAdd(name: "connection", value: "keep-alive") }
        }
        if !isPersistent { head.headers.replaceOrAdd(name: "connection", value: "close") }
        return head
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
    }
}

/// Prepares a connection: inserts its `ConnectionHandler` next to the decoder of requests, and lets the kernel end it if
/// the client takes nothing of a response for a while, because it has gone or does not read.
final class ConnectionSetup: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    func handlerAdded(context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        do {
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(ConnectionHandler(), position: .after(decoder))
            try context.channel.syncOptions?.setOption(
                .tcpOption(NIOBSDSocket.Option(rawValue: TCP_USER_TIMEOUT)),
                value: ServerLimits.unread * 1000)
        } catch {
            context.fireErrorCaught(error)
            context.close(promise: nil)
        }
    }
}
