import Core
import MachineImages
import PluginHost
import PluginMessages
import TestSupport
import Testing

/// The recipes of the shipped plugins, with the console output of their systems, as far as it is known without them.
@Suite struct RecipeTests {
    private static let catalog = PluginCatalog()
    private let server = "http://10.0.2.2:4242"

    private func recipe(_ target: String, _ installer: String, key: String = "ssh-ed25519 AAAA") async throws
        -> MachineImageRecipe
    {
        let (plugin, request) = try await Self.catalog.plugin(serving: target)
        return try #require(
            try await plugin.machineImage(
                MachineImageRequest(target: request, installer: installer, publicKey: key, server: server)))
    }

    /// The text typed after each output; the dialogue must be finished then.
    private func expect(_ boot: InstallerBoot, _ console: [(output: String, typed: [String])]) {
        var dialogue = Dialogue(boot)
        for (output, typed) in console {
            let events = dialogue.receive(Array(output.utf8))
            let replies = events.compactMap {
                if case .reply(let text) = $0, !text.isEmpty { text } else { nil as String? }
            }
            #expect(replies == typed, "after: \(output.displayable)")
        }
        #expect(dialogue.isFinished, "waits for \(dialogue.awaited)")
    }

    @Test func openBSD() async throws {
        let recipe = try await recipe("openbsd-7.7", "install77.iso")
        #expect(recipe.source == .installerCD && recipe.verification.signifyKey == "openbsd-77-base.pub")
        #expect(recipe.boots.map(\.name) == ["install", "prepare"])
        // The console of an installation of 7.2 in its own words, with the question of a machine that has two adapters.
        expect(
            recipe.boots[0],
            [
                (
                    "SeaBIOS (version 1.16.2)\r\nBooting from DVD/CD...\r\nCD-ROM: E0\r\n>> OpenBSD/amd64 CDBOOT 3.65\r\nboot> ",
                    ["set tty com0\n"]
                ),
                ("set tty com0\r\nswitching console to com0\r\n>> OpenBSD/amd64 CDBOOT 3.65\r\nboot> ", ["boot\n"]),
                (
                    "boot\r\ncannot open cd0a:/etc/random.seed: No such file or directory\r\nbooting cd0a:/7.7/amd64/bsd.rd: 4026532\r\n",
                    []
                ),
                (
                    "erase ^?, werase ^W, kill ^U, intr ^C, status ^T\r\n\r\nWelcome to the OpenBSD/amd64 7.7 installation program.\r\n",
                    []
                ),
                ("(I)nstall, (U)pgrade, (A)utoinstall or (S)hell? ", ["a\n"]),
                (
                    "a\r\nAvailable network interfaces are: vio0 vio1.\r\nWhich network interface should be used for the initial DHCP request? (or 'done') [vio0] ",
                    ["vio0\n"]
                ),
                (
                    "vio0\r\nvio0: no lease........ sleeping\r\nCould not determine auto mode.\r\nResponse file location? [http://10.0.2.2/install.conf] ",
                    ["\(server)/install.conf\n"]
                ),
                ("\(server)/install.conf\r\n(I)nstall or (U)pgrade? ", ["i\n"]),
                (
                    "i\r\nFetching \(server)/install.conf\r\nPerforming non-interactive install...\r\nTerminal type? [vt220] vt220\r\n",
                    []
                ),
                ("\r\nLet's install the sets!\r\nLocation of sets? (cd0 disk http nfs or 'done') [cd0] cd0\r\n", []),
                ("Installing base77.tgz    80% |********************      |   182 MB    00:56 ETA", []),
                (
                    "Relinking to create unique kernel... done.\r\n\r\nCONGRATULATIONS! Your OpenBSD install has been successfully completed!\r\n",
                    []
                ),
            ])
        expect(
            recipe.boots[1],
            [
                (
                    "starting local daemons: cron.\r\nSun Nov 20 18:28:24 UTC 2022\r\n\r\nOpenBSD/amd64 (ciso.my.domain) (tty00)\r\n\r\nlogin: ",
                    ["root\n"]
                ),
                ("root\r\nPassword:", ["ciso-installation\n"]),
                (
                    "\r\nOpenBSD 7.7 (GENERIC.MP) #625\r\n\r\nWelcome to OpenBSD: The proactively secure Unix-like operating system.\r\n",
                    [
                        "ftp -V -o - \(server)/prepare.sh >/tmp/prepare.sh && sh /tmp/prepare.sh || echo ciso could ''not prepare the system\n"
                    ]
                ),
                (
                    "ciso# ftp -V -o - … || echo ciso could ''not prepare the system\r\nciso has prepared the system\r\n",
                    []
                ),
            ])
    }

    /// The answers are found by the installer's own rule: `KEY = VALUE`, the key a part of the question that ends with
    /// a word.
    @Test func openBSDsAnswers() async throws {
        let disk = try await recipe("openbsd-7.8", "install78.img")
        let conf = try #require(disk.files["install.conf"])
        #expect(disk.source == .installerDisk && conf.contains("Which disk contains the install media = sd1\n"))
        #expect(conf.contains("Pathname to the sets = 7.8/amd64\n"))
        for line in conf.split(separator: "\n") {
            #expect(line.firstRange(of: " = ") != nil && !line.hasPrefix("#"), "\(line)")
        }
        let cd = try #require(try await recipe("openbsd-7.8", "install78.iso").files["install.conf"])
        #expect(cd.contains("Location of sets = cd0\n") && !cd.contains("sd1"))
    }

    @Test func freeBSD() async throws {
        let cloud = try await recipe("freebsd-14.3", "FreeBSD-14.3-RELEASE-amd64-BASIC-CLOUDINIT-ufs.qcow2.xz")
        #expect(cloud.source == .systemDisk && cloud.seed?.label == "cidata")
        let script = try #require(cloud.seed?.files["user-data"])
        // nuageinit reads it as YAML before it runs it: one scalar, which has no `: ` and no comment.
        #expect(script.hasPrefix("#!/bin/sh\n") && !script.contains(": ") && !script.dropFirst().contains(" #"))
        expect(cloud.boots[0], [("Executing user_data script\r\nciso has prepared the system\r\n", [])])
        let plain = try await recipe("freebsd-14.3", "FreeBSD-14.3-RELEASE-amd64-BASIC-CI-ufs.raw.xz")
        #expect(plain.seed == nil)
        expect(
            plain.boots[0],
            [
                ("Starting sshd.\r\n\r\nFreeBSD/amd64 (Amnesiac) (ttyu0)\r\n\r\nlogin: ", ["root\n"]),
                (
                    "root\r\nFreeBSD 14.3-RELEASE (GENERIC) releng/14.3-n271432\r\n\r\nWelcome to FreeBSD!\r\n",
                    [
                        "fetch -q -o - \(server)/prepare.sh >/tmp/prepare.sh && sh /tmp/prepare.sh || echo ciso could ''not prepare the system\n"
                    ]
                ),
                ("root@:~ # ciso has prepared the system\r\n", []),
            ])
    }

    /// The menus for which QEMU's own tests wait when they install NetBSD 9.2, drawn by curses, and the two forms of
    /// some.
    @Test(arguments: ["a: Guid Partition Table", nil])
    func netBSD(scheme: String?) async throws {
        let recipe = try await recipe("netbsd-10.1", "NetBSD-10.1-amd64.iso")
        func menu(_ lines: String...) -> String {
            "\u{1B}[2J\u{1B}[H" + lines.enumerated().map { "\u{1B}[\($0 + 3);10H\u{1B}[7m\($1)\u{1B}[27m" }.joined()
                + "\u{1B}[24;1H"
        }
        var console: [(output: String, typed: [String])] = [
            (
                "     1. Install NetBSD\r\n     2. Install NetBSD (no ACPI)\r\n     3. Install NetBSD (no ACPI, no SMP)\r\n     4. Drop to boot prompt\r\n",
                ["4"]
            ),
            (
                "Choose an option; RETURN for default; SPACE to stop countdown.\r\ntype \"?\" or \"help\" for help.\r\n> ",
                ["consdev com0\n"]
            ),
            ("\r\n>> NetBSD/x86 BIOS Boot\r\n> ", ["boot\n"]),
            ("Loading sysinst\r\nTerminal type? [vt100] ", ["xterm\n"]),
            (menu("a: Installation messages in English", "b: Installation auf Deutsch"), ["a\n"]),
            (menu("a: Install NetBSD to hard disk", "b: Upgrade NetBSD on a hard disk"), ["a\n"]),
            (menu("Shall we continue?", "a: No", "b: Yes"), ["b\n"]),
            (menu("Available disks", "a: ld0 (24G, VirtIO Block Device)"), ["a\n"]),
        ]
        if let scheme { console.append((menu(scheme, "b: Master Boot Record (MBR)"), ["a\n"])) }
        console += [
            (menu("a: This is the correct geometry", "b: Set the geometry by hand"), ["a\n"]),
            (menu("a: Set sizes of NetBSD partitions", "b: Use default partition sizes"), ["b\n"]),
            (menu("a: Change input units", "x: Partition sizes ok"), ["x\n"]),
            (menu("Shall we continue?", "a: No", "b: Yes"), ["b\n"]),
            (menu("a: Use BIOS console", "b: Use serial port com0", "x: Exit"), ["b\n", "x\n"]),
            (menu("a: Full installation", "b: Installation without X11"), ["a\n"]),
            (menu("a: CD-ROM / DVD / install image media", "b: HTTP"), ["a\n"]),
            ("Status: Finished\r\nCommand: sysctl\r\nHit enter to continue", ["\n"]),
            (menu("a: Configure network", "g: Enable sshd", "x: Finished configuring"), ["g\n", "x\n"]),
            (menu("Hit enter to continue"), ["\n"]),
            (menu("a: Install NetBSD to hard disk", "d: Reboot the computer"), ["d\n"]),
        ]
        expect(recipe.boots[0], console)
        expect(
            recipe.boots[1],
            [
                ("NetBSD/amd64 (Amnesiac) (constty)\r\n\r\nlogin: ", ["root\n"]),
                (
                    "NetBSD 10.1 (GENERIC) #0\r\n\r\nWelcome to NetBSD!\r\n",
                    [
                        "echo dhcpcd=YES >>/etc/rc.conf; dhcpcd -w vioif0; ftp -V -o - \(server)/prepare.sh >/tmp/prepare.sh && sh /tmp/prepare.sh || echo ciso could ''not prepare the system\n"
                    ]
                ),
                ("ciso has prepared the system\r\n", []),
            ])
    }

    /// Each typed line fits into the line buffer of a console, and a key cannot contain anything but a key.
    @Test(arguments: [
        ("openbsd-7.7", "install77.img"), ("freebsd-15.0", "x-BASIC-CI.raw"), ("netbsd-9.4", "N-amd64.iso"),
    ])
    func everyLineFitsAndTheKeyIsQuoted(target: String, installer: String) async throws {
        let recipe = try await recipe(target, installer, key: "ssh-ed25519 AAAA$(reboot)'")
        for reply in recipe.boots.flatMap(\.dialogue).flatMap(\.replies) {
            #expect(reply.send.utf8.count < 255, "\(reply)")
        }
        let script = try #require(recipe.files["prepare.sh"])
        #expect(script.contains(#"echo 'ssh-ed25519 AAAA$(reboot)'\''' >"$home/.ssh/authorized_keys""#))
        try Program(["dash", "-n"], input: script).output()
    }

    @Test func otherSystemsHaveNone() async throws {
        for target in ["debian-12", "archlinux", "macos-15"] {
            let (plugin, request) = try await Self.catalog.plugin(serving: target)
            let recipe = try await plugin.machineImage(
                MachineImageRequest(target: request, installer: "x.iso", publicKey: "k", server: server))
            #expect(recipe == nil)
        }
    }
}
