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
    ///   - waits: is called if the caller has to wait.
    /// - Throws: `PermanentFailure` if this host never has enough resources; the error of `body`; `CancellationError`.
    package func use<Value: Sendable>(
        memory needed: Int, processors count: Int, waits: @Sendable () -> Void,
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        let memory = needed + Self.overhead
        guard memory + Self.reserve <= Self.hostMemory else {
            throw PermanentFailure(
                "the virtual machine has \(needed) MiB of memory, and this host has \(Self.hostMemory) MiB",
                hint: "give it less, by 'memory' in 'machine' of the target")
        }
        var hasReported = false
        while !hasRoom(memory, count) {
            try Task.checkCancellation()
            if !hasReported { waits() }
            hasReported = true
            await waitForRoom()
        }
        self.memory += memory
        processors += count
        defer {
            self.memory -= memory
            processors -= count
            wake()
        }
        return try await body()
    }

    /// Other programs also use memory: the free memory counts, and the first machine may always try.
    private func hasRoom(_ memory: Int, _ count: Int) -> Bool {
        if processors == 0 { return true }
        let host = ProcessInfo.processInfo.activeProcessorCount
        return processors + count <= host && self.memory + memory + Self.reserve <= Self.hostMemory
            && Self.availableMemory >= memory + Self.reserve
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
    private static var availableMemory: Int { meminfo("MemAvailable") }

    private static func meminfo(_ name: String) -> Int {
        (HostLimits.fields(of: contents(of: "/proc/meminfo") ?? "")[name] ?? .max >> 20) >> 10
    }
}
