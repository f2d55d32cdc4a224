import Core
import Foundation
import Glibc
import MachineImages
import Machines
import PluginMessages
import System
import TestSupport
import Testing

/// A dialogue over a socket: time limits, hostile output, the log, all endings.
@Suite struct DialogueSessionTests {
    /// The machine's end of a console.
    private final class Guest: Sendable {
        let console: MachineConsole
        private let socket: Int32

        init() throws {
            let ends = try SocketPair<SystemError>().take()
            console = MachineConsole(ends.0)
            socket = ends.1
        }

        func print(_ text: String) { print(Array(text.utf8)) }

        func print(_ bytes: [UInt8]) { try? send(bytes, through: socket, with: nil) }

        /// The typed text, up to a line feed.
        func line() async -> String {
            await BlockingWork.run { [socket] in
                var (bytes, byte): ([UInt8], UInt8) = ([], 0)
                while recv(socket, &byte, 1, 0) == 1, byte != 0x0A { bytes.append(byte) }
                return String(decoding: bytes, as: UTF8.self)
            }
        }

        func end() { shutdown(socket, Int32(SHUT_RDWR)) }

        deinit { close(socket) }
    }

    private let directory: TemporaryDirectory
    private var log: String { "\(directory.path)/log" }
    private var logged: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    init() throws { directory = try TemporaryDirectory() }

    private func run(
        _ guest: Guest, _ boot: InstallerBoot, stepLimit: Duration? = nil,
        obstacle: @escaping @Sendable () -> String? = { nil }
    ) async throws {
        try await DialogueSession(
            boot, guest.console, timing: DialogueSession.Timing(stepLimit: stepLimit), obstacle: obstacle
        ).run(log: log)
    }

    private static let boot = InstallerBoot(
        "install", dialogue: [DialogueStep("first?", send: "one\n"), DialogueStep("second?", send: "two\n")],
        failures: ["panic:"])

    @Test func answersInOrderAndLogsBoth() async throws {
        let guest = try Guest()
        let long = String(repeating: "k", count: 900)
        let boot = InstallerBoot(
            "b", dialogue: [DialogueStep("first?", send: "\(long)\n"), DialogueStep("second?", send: "two\n")])
        async let done: Void = run(guest, boot)
        guest.print("\u{1B}[2J\u{1B}[1mfir")
        guest.print("st?\u{1B}[0m ")
        #expect(await guest.line() == long)
        guest.print("\u{202E}evil\u{7}\u{9B}31m\r\nsecond? ")
        #expect(await guest.line() == "two")
        guest.print([0xFF, 0xFE] + Array("bye\n".utf8))
        guest.end()
        try await done
        let text = logged
        #expect(text.contains("first?") && text.contains("--- sent 'two^J'") && text.contains("bye"))
        #expect(
            text.contains("<U+202E>evil")
                && !text.unicodeScalars.contains { $0.value < 32 && $0 != "\n" || $0 == "\u{9B}" })
    }

    @Test func aPromptThatNeverComesIsNamedWithWhatCameInstead() async throws {
        let guest = try Guest()
        guest.print("first? ")
        let answering = Task {
            _ = await guest.line()
            guest.print("\u{1B}[31mWhich moon?\n")
        }
        let failure = await #expect(throws: Failure.self) {
            try await run(guest, Self.boot, stepLimit: .seconds(1))
        }
        await answering.value
        let text = try #require(failure?.description)
        #expect(text.contains("boot 'install', step 2 of 2: waited 1 s for 'second?'") && text.contains("Which moon?"))
        #expect(failure?.category == .unavailable && !text.contains("\u{1B}"))
    }

    @Test func aFailureOfTheInstallerEndsIt() async throws {
        let guest = try Guest()
        guest.print("first? kernel panic: no init\n")
        let failure = await #expect(throws: Failure.self) { try await run(guest, Self.boot) }
        #expect(failure?.description.contains("step 2 of 2: the console shows 'panic:'") == true)
    }

    @Test func aMachineThatEndsTooEarlyIsNoSuccess() async throws {
        let guest = try Guest()
        guest.print("first? ")
        guest.end()
        let failure = await #expect(throws: Failure.self) { try await run(guest, Self.boot) }
        #expect(failure?.description.contains("the virtual machine ended") == true)
    }

    @Test func aMachineThatStaysOnIsNoSuccess() async throws {
        let guest = try Guest()
        let boot = InstallerBoot("b", dialogue: [DialogueStep("bye")], timeLimit: 1)
        guest.print("bye")
        let failure = await #expect(throws: Failure.self) { try await run(guest, boot) }
        #expect(failure?.description.contains("after the last step: waited 1 s for the machine to power off") == true)
    }

    @Test func anObstacleIsReported() async throws {
        let guest = try Guest()
        let failure = await #expect(throws: Failure.self) {
            try await run(guest, Self.boot, obstacle: { "the disk of this machine is full" })
        }
        #expect(failure?.description.contains("the disk of this machine is full") == true)
    }

    @Test func floodsOfOutputAreBounded() async throws {
        let guest = try Guest()
        async let done: Void = run(guest, Self.boot)
        let noise = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        await BlockingWork.run { for _ in 0..<20 { guest.print(noise) } }
        guest.print("first? ")
        #expect(await guest.line() == "one")
        guest.print("second? ")
        #expect(await guest.line() == "two")
        guest.end()
        try await done
        #expect(try FileManager.default.attributesOfItem(atPath: log)[.size] as? Int ?? .max <= 17 << 20)
    }

    @Test func isCancelled() async throws {
        let guest = try Guest()
        let task = Task { try await run(guest, Self.boot) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
