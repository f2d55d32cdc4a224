internal import Glibc
internal import Synchronization
internal import System

/// How changes of other processes are noticed.
public enum ChangeDetection: Sendable, Hashable, CustomStringConvertible {
    /// The kernel tells (inotify); besides, everything is looked at in this interval, in case it did not.
    case kernel(checkingEvery: Duration)
    /// Everything is looked at in this interval: where the kernel has no inotify left, or the disk is a network's.
    case polling(every: Duration)

    public var description: String {
        switch self {
        case .kernel(let interval): "told by the kernel, checked every \(interval)"
        case .polling(let interval): "polled every \(interval)"
        }
    }
}

/// Watches folders, and calls its listeners whenever something in them may have changed. Says too much rather than
/// too little. Has a thread only while somebody listens.
final class FileEvents: Sendable {
    private struct State {
        var listeners: [UInt64: @Sendable () -> Void] = [:]
        var next: UInt64 = 0
        var generation: UInt64 = 0
        var changeDetection: ChangeDetection
        /// Writing to it ends the thread's sleep.
        var wake: Int32 = -1
    }

    private let folders: [String]
    private let state: Mutex<State>

    init(folders: [String], changeDetection: ChangeDetection) {
        self.folders = folders
        state = Mutex(State(changeDetection: changeDetection))
    }

    deinit { stop() }

    /// How changes are noticed now: polling where inotify was wanted and could not be had.
    var changeDetection: ChangeDetection { state.withLock { $0.changeDetection } }

    /// Whether a thread is at work.
    var isWatching: Bool { state.withLock { $0.wake >= 0 } }

    /// Calls `listener` at every change until `removeListener` is called with what this returns.
    func listen(_ listener: @escaping @Sendable () -> Void) -> UInt64 {
        state.withLock { state in
            state.next += 1
            state.listeners[state.next] = listener
            if state.wake < 0 { start(&state) }
            return state.next
        }
    }

    /// Ends what `listen` began; the thread ends with the last listener.
    func removeListener(_ token: UInt64) {
        let isLast = state.withLock { state in
            state.listeners[token] = nil
            return state.listeners.isEmpty
        }
        if isLast { stop() }
    }

    /// Calls every listener: for changes of our own, which need no kernel to be noticed.
    func notify() {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener() }
    }

    private func stop() {
        state.withLock { state in
            guard state.wake >= 0, state.listeners.isEmpty else { return }
            close(state.wake)
            state.wake = -1
            state.generation += 1
        }
    }

    private func start(_ state: inout State) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        state.wake = ends[1]
        let interval: Duration
        var inotify: Int32 = -1
        switch state.changeDetection {
        case .kernel(let checking):
            inotify = inotify_init1(Int32(O_NONBLOCK | O_CLOEXEC))
            interval = checking
            if inotify < 0 { state.changeDetection = .polling(every: min(checking, .milliseconds(100))) }
        case .polling(let every): interval = every
        }
        let thread = Listening(
            folders: folders, inotify: inotify, end: ends[0], milliseconds: max(1, interval.milliseconds)
        ) { [weak self] in self?.notify() }
        thread.start()
    }
}

/// The thread of a `FileEvents`, and the descriptors that are its own.
private final class Listening: Sendable {
    private let folders: [String]
    private let inotify: Int32
    private let end: Int32
    private let milliseconds: Int32
    private let notify: @Sendable () -> Void

    init(
        folders: [String], inotify: Int32, end: Int32, milliseconds: Int, notify: @escaping @Sendable () -> Void
    ) {
        self.folders = folders
        self.inotify = inotify
        self.end = end
        self.milliseconds = Int32(clamping: milliseconds)
        self.notify = notify
        for folder in folders { watch(folder) }
    }

    deinit {
        if inotify >= 0 { close(inotify) }
        close(end)
    }

    func start() {
        var thread: pthread_t = 0
        let status = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Listening>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        if status == 0 {
            pthread_detach(thread)
        } else {
            Unmanaged.passUnretained(self).release()
        }
    }

    /// Sleeps until something happens or the other end of the pipe is closed.
    private func run() {
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            var polled = [
                pollfd(fd: end, events: Int16(POLLIN), revents: 0),
                pollfd(fd: inotify, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&polled, nfds_t(inotify >= 0 ? 2 : 1), milliseconds)
            if ready < 0, errno != EINTR { return }
            if polled[0].revents != 0 { return }
            if ready > 0 {
                while read(inotify, &buffer, buffer.count) > 0 {}
                // New folders have come; watching one again costs little.
                for folder in folders { watch(folder) }
            }
            notify()
        }
    }

    private func watch(_ folder: String) {
        guard inotify >= 0 else { return }
        let mask =
            UInt32(IN_MOVED_TO) | UInt32(IN_CREATE) | UInt32(IN_DELETE) | UInt32(IN_CLOSE_WRITE) | UInt32(IN_ONLYDIR)
        guard inotify_add_watch(inotify, folder, mask) >= 0 else { return }
        for name in names(in: folder) where FileStatus("\(folder)/\(name)")?.isDirectory == true {
            watch("\(folder)/\(name)")
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int { Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000) }
}
