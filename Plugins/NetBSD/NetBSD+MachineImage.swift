internal import PluginKit

/// Installation by sysinst(8) on the serial console. The letter of a menu's entry is sent after the entry's text has
/// appeared.
extension NetBSD {
    func machineImage(_ request: MachineImageRequest, _ target: CheckedRequest) throws -> MachineImageRecipe? {
        guard request.target.architecture == "x86_64" else {
            throw Refusal("\(request.target.target): images can be made for x86_64 only")
        }
        guard request.installer.hasSuffix("-amd64.iso") else {
            throw Refusal(
                "'\(request.installer)' is not NetBSD's installation CD for amd64",
                hint: "give NetBSD-\(target.version)-amd64.iso")
        }
        return MachineImageRecipe(
            source: .installerCD, verification: InstallerVerification(list: "SHA512"),
            diskSize: 24 << 30, login: InstalledSystem.login,
            files: [InstalledSystem.scriptName: installed.script(request)],
            boots: [
                InstallerBoot("install", installer: true, dialogue: start + disk + sets, failures: failures),
                InstallerBoot(
                    "prepare", network: true,
                    dialogue: installed.dialogue(
                        request, welcome: "Welcome to NetBSD",
                        before: "echo dhcpcd=YES >>/etc/rc.conf; dhcpcd -w vioif0; "),
                    failures: [InstalledSystem.failure] + failures),
            ])
    }
}

private let failures = ["panic:", "Command failed"]

/// From the boot loader to the choice of a disk.
private let start = [
    DialogueStep(
        (3...6).map { DialogueReply("\($0). Drop to boot prompt", send: "\($0)") }),
    DialogueStep("> ", send: "consdev com0\n"),
    DialogueStep("> ", send: "boot\n"),
    DialogueStep("Terminal type", send: "xterm\n", timeLimit: 1800),
    DialogueStep("a: Installation messages in English", send: "a\n"),
    DialogueStep([
        DialogueReply("Keyboard type", send: "\n", repeats: true),
        DialogueReply("a: Install NetBSD", send: "a\n"),
    ]),
    DialogueStep("Shall we continue?"),
    DialogueStep("b: Yes", send: "b\n"),
]

/// The whole disk, with the usual partitions, and boot blocks for the serial console.
private let disk = [
    DialogueStep("a: ld0", send: "a\n"),
    DialogueStep([
        DialogueReply("a: Guid Partition Table", send: "a\n", repeats: true),
        DialogueReply("a: This is the correct geometry", send: "a\n"),
    ]),
    DialogueStep([
        DialogueReply("b: Use default part", send: "b\n"), DialogueReply("b: Use existing part", send: "b\n"),
    ]),
    DialogueStep("x: Partition sizes ok", send: "x\n"),
    DialogueStep("Shall we continue?"),
    DialogueStep("b: Yes", send: "b\n"),
    DialogueStep("b: Use serial port com0", send: "b\n", timeLimit: 1800),
    DialogueStep([DialogueReply("x: Continue", send: "x\n"), DialogueReply("x: Exit", send: "x\n")]),
]

/// The sets of the CD, and sshd.
private let sets = [
    DialogueStep("a: Full installation", send: "a\n"),
    DialogueStep("a: CD-ROM", send: "a\n"),
    DialogueStep(
        [
            DialogueReply("Hit enter to continue", send: "\n", repeats: true),
            DialogueReply("g: Enable sshd", send: "g\n"),
        ], timeLimit: 14_400),
    DialogueStep("x: Finished configuring", send: "x\n"),
    DialogueStep([
        DialogueReply("Hit enter to continue", send: "\n", repeats: true),
        DialogueReply("d: Reboot the computer", send: "d\n"),
    ]),
]

private let installed = InstalledSystem(
    createLogin: """
        useradd -m -s /bin/sh \(InstalledSystem.login)
        home=/home/\(InstalledSystem.login)
        """,
    configure: """
        PKG_PATH="https://cdn.NetBSD.org/pub/pkgsrc/packages/NetBSD/$(uname -p)/$(uname -r)/All"
        export PKG_PATH
        pkg_add doas pkgin
        echo 'permit nopass \(InstalledSystem.login)' >/usr/pkg/etc/doas.conf
        usermod -p '*************' root
        """,
    powerOff: "shutdown -p now", fetch: "ftp -V -o -")
