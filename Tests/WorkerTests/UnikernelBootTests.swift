import Foundation
import TestSupport
import Testing

/// The script that runs images, with a tiny multiboot kernel in QEMU, without hardware virtualisation.
@Suite(
    .enabled(
        if: Program.areInstalled("qemu-system-x86_64", "cc") && hostIsX86,
        "needs qemu-system-x86_64, cc and an x86-64 machine"))
struct UnikernelBootTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        let tests = PackageDirectory.url.appending(path: "Tests/Unikernels/make-fixture")
        try Program(["sh", tests.path, directory.path]).output()
        try directory.write("Hello World\n", to: "ciso-expect")
    }

    /// Builds the kernel and runs it as a job does.
    private func run(_ flags: String = "", status: Int = 83, seconds: Int = 60) throws -> Program.Ending {
        let script = PackageDirectory.url.appending(path: "Sources/Planner/Scripts/run.sh")
        try directory.shell(
            """
            cc -nostdlib -static -Wl,-Ttext=0x100000 -Wl,-z,max-page-size=0x1000 -Wl,--build-id=none \
            -DTARGET=3 -DHELLO='"Hello World\\n"' \(flags) -o kernel source/hello/unikernel.S
            """)
        return try Program(
            ["timeout", "\(seconds)", "sh", "-u", script.path, "virtio", "32", "\(status)", "./kernel"],
            in: directory.path
        ).run()
    }

    @Test func aKernelBootsAndItsOutputAndStatusAreJudged() throws {
        let good = try run()
        #expect(good.status == 0, "\(good.output)\(good.messages)")
        #expect(good.output.contains("Hello World"), "\(good.output)")
        let image = try run(status: 3)
        #expect(image.status == 1)
        #expect(image.messages.contains("error: the unikernel ended with exit status 83, expected 3"), "\(image)")
        try directory.write("Good bye\n", to: "ciso-expect")
        let silent = try run()
        #expect(silent.status == 1)
        #expect(silent.messages.contains("error: the unikernel did not print 'Good bye'"), "\(silent.messages)")
    }

    /// The worker ends it; here `timeout` does.
    @Test func oneThatNeverEndsShowsWhatItPrinted() throws {
        let endless = try run("-DLOOP", seconds: 5)
        #expect(endless.status == 124, "\(endless.output)\(endless.messages)")
        #expect(endless.output.contains("Hello World"), "\(endless.output)")
    }
}

private var hostIsX86: Bool {
    #if arch(x86_64)
        true
    #else
        false
    #endif
}
