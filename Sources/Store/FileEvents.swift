internal import Glibc
internal import Synchronization
internal import System

/// How changes by other processes are detected.
public enum ChangeDetection: Sendable, Hashable, CustomStringConvertible {
    /// Kernel notifications (inotify), plus a check of everything at this interval in case one was missed.
    case kernel(checkingEvery: Duration)
    /// A check of everything at this interval, if no inotify instance is available or the file system is a network's.
    case polling(every: Duration)

    public var description: String {
        switch self {
        case .kernel(let interval): "notified by the kernel, checked every \(interval)"
        case .polling(let interval): "polled every \(interval)"
        }
    }
}

/// Watches directories and calls its listeners whenever something in them may have changed. May report changes that did
/// not happen, but misses none. Has a thread only while there are listeners.
final class FileEvents: Sendable {
    private struct Listener {
        /// The watched directory; nil for all directories.
        var directory: String?
        var call: @Sendable () -> Void
    }

    private struct State {
        var listeners: [UInt64: Listener] = [:]
        var next: UInt64 = 0
        var changeDetection: ChangeDetection
        /// Writing to this descriptor wakes the thread.
        var wake: Int32 = -1
        var inotify: Int32 = -1
        /// The watched directories by inotify watch descriptor.
        var watched: [Int32: String] = [:]
    }

    private let directories: [String]
    private let state: Mutex<State>

    /// - Parameter directories: the directories to watch, including everything below them.
    init(directories: [String], changeDetection: ChangeDetection) {
        self.directories = directories
        state = Mutex(State(changeDetection: changeDetection))
    }

    deinit { stop() }

    /// The current method of change detection: polling if inotify is unavailable.
    var changeDetection: ChangeDetection { state.withLock { $0.changeDetection } }

    /// Calls `listener` at every change until `removeListener` is called with the returned token.
    ///
    /// - Parameter directory: The watched directory; nil for all directories.
    func listen(to directory: String? = nil, _ listener: @escaping @Sendable () -> Void) -> UInt64 {
        state.withLock { state in
            state.next += 1
            state.listeners[state.next] = Listener(directory: directory, call: listener)
            if state.wake < 0 { start(&state) }
            return state.next
        }
    }

    /// Removes a listener; the thread ends with the last one.
    func removeListener(_ token: UInt64) {
        let isLast = state.withLock { state in
            state.listeners.removeValue(forKey: token) != nil && state.listeners.isEmpty
        }
        if isLast { stop() }
    }

    /// Calls every listener, for changes by this process, which need no notification by the kernel.
    func notify() {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.call() }
    }

    private func stop() {
        state.withLock { state in
            guard state.wake >= 0, state.listeners.isEmpty else { return }
            close(state.wake)
            (state.wake, state.inotify, state.watched) = (-1, -1, [:])
        }
    }

    private func start(_ state: inout State) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        state.wake = ends[1]
        let interval: Duration
        switch state.changeDetection {
        case .kernel(let checking):
            state.inotify = inotify_init1(Int32(O_NONBLOCK | O_CLOEXEC))
            interval = checking
            if state.inotify < 0 { state.changeDetection = .polling(every: min(checking, .milliseconds(100))) }
        case .polling(let every): interval = every
        }
        watchAll(&state)
        let thread = Listening(
            inotify: state.inotify, end: ends[0], milliseconds: max(1, interval.milliseconds)
        ) { [weak self] in self?.take($0) }
        thread.start()
    }

    // MARK: Events of the kernel

    private func take(_ events: [Listening.Event]?) {
        guard let events else {
            // The interval has passed, or the kernel has dropped events.
            state.withLock { watchAll(&$0) }
            notify()
            return
        }
        let concerned = state.withLock { state in
            let changed = changedDirectories(events, &state)
            return state.listeners.values.filter { listener in
                !changed.isEmpty && listener.directory.map(changed.contains) ?? true
            }
        }
        for listener in concerned { listener.call() }
    }

    /// The watched directories with changes. New directories are watched from now on.
    private func changedDirectories(_ events: [Listening.Event], _ state: inout State) -> Set<String> {
        var changed: Set<String> = []
        for event in events {
            guard let directory = state.watched[event.watch] else { continue }
            if event.mask & UInt32(IN_IGNORED) != 0 {
                state.watched[event.watch] = nil
                continue
            }
            let isDirectory = event.mask & UInt32(IN_ISDIR) != 0
            if isDirectory, !event.name.isEmpty, event.mask & UInt32(IN_DELETE) == 0 {
                watch("\(directory)/\(event.name)", &state)
            }
            if let directory = directories.first(where: { directory == $0 || directory.hasPrefix("\($0)/") }) {
                changed.insert(directory)
            }
        }
        return changed
    }

    private func watchAll(_ state: inout State) {
        for directory in directories { watch(directory, &state) }
    }

    /// Watches a directory and all directories below it.
    private func watch(_ directory: String, _ state: inout State) {
        guard add(directory, &state) else { return }
        for name in names(in: directory) where FileStatus("\(directory)/\(name)")?.isDirectory == true {
            watch("\(directory)/\(name)", &state)
        }
    }

    private func add(_ directory: String, _ state: inout State) -> Bool {
        guard state.inotify >= 0 else { return false }
        let mask =
            UInt32(IN_MOVED_TO) | UInt32(IN_CREATE) | UInt32(IN_DELETE) | UInt32(IN_CLOSE_WRITE) | UInt32(IN_ONLYDIR)
        let number = inotify_add_watch(state.inotify, directory, mask)
        guard number >= 0 else { return false }
        state.watched[number] = directory
        return true
    }
}

/// The thread of a `FileEvents` and its descriptors.
private final class Listening: Sendable {
    /// A kernel event in a watched directory.
    struct Event {
        var watch: Int32
        var mask: UInt32
        /// The name of the changed entry; empty for the directory itself.
        var name: String
    }

    private let inotify: Int32
    private let end: Int32
    private let milliseconds: Int32
    /// Receives events; nil if changes may have been missed.
    private let take: @Sendable ([Event]?) -> Void

    init(inotify: Int32, end: Int32, milliseconds: Int, take: @escaping @Sendable ([Event]?) -> Void) {
        self.inotify = inotify
        self.end = end
        self.milliseconds = Int32(clamping: milliseconds)
        self.take = take
    }

    deinit {
        if inotify >= 0 { close(inotify) }
        close(end)
    }

    func start() { BlockingWork.start(run) }

    /// Waits for events until the other end of the pipe is closed.
    private func run() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 8)
        defer { buffer.deallocate() }
        let rate = DeliveryRate()
        while true {
            var polled = [
                pollfd(fd: end, events: Int16(POLLIN), revents: 0),
                pollfd(fd: inotify, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&polled, nfds_t(inotify >= 0 ? 2 : 1), milliseconds)
            if ready < 0, errno != EINTR { return }
            if polled[0].revents != 0 { return }
            guard ready > 0 else {
                take(nil)
                continue
            }
            while true {
                let count = read(inotify, buffer.baseAddress, buffer.count)
                guard count > 0 else { break }
                let events = Self.events(in: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                take(events.contains { $0.mask & UInt32(IN_Q_OVERFLOW) != 0 } ? nil : events)
            }
            rate.pause()
        }
    }

    private static func events(in bytes: UnsafeRawBufferPointer) -> [Event] {
        var events: [Event] = []
        var offset = 0
        let head = MemoryLayout<inotify_event>.size
        while offset + head <= bytes.count {
            let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            let name = bytes[(offset + head)..<min(offset + head + Int(event.len), bytes.count)].prefix { $0 != 0 }
            events.append(
                Event(watch: event.wd, mask: event.mask, name: String(decoding: name, as: UTF8.self)))
            offset += head + Int(event.len)
        }
        return events
    }
}
