internal import Glibc

/// Replaces this process by another program, which keeps the process id, the environment and open files (execv).
///
/// - Parameter arguments: the arguments after the program's name.
/// - Returns: the system's reason if it fails; otherwise it does not return.
package func replaceProcess(by program: String, _ arguments: [String]) -> String {
    let words = CStrings([program] + arguments)
    execv(program, words.pointers)
    return String(cString: strerror(errno))
}
