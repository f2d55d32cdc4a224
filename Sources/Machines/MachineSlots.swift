internal import Core
internal import Foundation
internal import Supervision
internal import System

/// Limits the number of machines that run at a time on this host by its memory and processors.
package actor MachineSlots {
    /// Memory reserved for the host, in MiB.
    private static let reserve = 512
    /// The memory of QEMU itself, in addition to the guest's, in MiB.
    private static let overhead = 128
    private var memory = 0
    private var processors = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    package init() {}

    /// Runs `body` when there is enough memory and there are enough processors for a machine.
    ///
    /// - Parameters:
    ///   - memory: the memory of the guest, in MiB.
    ///   - processors: the number of processors of the guest.
    ///   - waits: called if the caller has to wait.
    /// - Throws: `PermanentFailure` if this host never has enough resources; the error of `body`; `CancellationError`.
    package func use<Value: Sendable>(
        memory guest: Int, processors count: Int, waits: @Sendable () -> Void,
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        let required = guest + Self.overhead
        guard required + Self.reserve <= Self.hostMemory else {
            throw PermanentFailure(
                "the virtual machine has \(guest) MiB of memory, and this host has \(Self.hostMemory) MiB",
                hint: "give it less, by 'memory' in 'machine' of the target")
        }
        var hasReported = false
        while !hasRoom(required, count) {
            try Task.checkCancellation()
            if !hasReported { waits() }
            hasReported = true
            await waitForRoom()
        }
        memory += required
        processors += count
        defer {
            memory -= required
            processors -= count
            wake()
        }
        return try await body()
    }

    /// Whether another machine can be started. Other programs also use memory, so the available memory is checked, too;
    /// the first machine is always started.
    private func hasRoom(_ required: Int, _ count: Int) -> Bool {
        if processors == 0 { return true }
        let host = ProcessInfo.processInfo.activeProcessorCount
        return processors + count <= host && memory + required + Self.reserve <= Self.hostMemory
            && Self.availableMemory >= required + Self.reserve
    }

    /// Waits until a machine has ended, or for a second, because memory may also be freed in other ways.
    private func waitForRoom() async {
        await withCheckedContinuation { continuation in
            waiting.append(continuation)
            Task {
                try? await Task.sleep(for: .seconds(1))
                wake()
            }
        }
    }

    private func wake() {
        for waiter in waiting { waiter.resume() }
        waiting = []
    }

    /// The memory of this host, in MiB.
    private static var hostMemory: Int { meminfo("MemTotal") }
    /// The memory that is available for new processes, in MiB.
    private static var availableMemory: Int { meminfo("MemAvailable") }

    private static func meminfo(_ name: String) -> Int {
        (HostLimits.fields(of: contents(of: "/proc/meminfo") ?? "")[name] ?? .max >> 20) >> 10
    }
}
