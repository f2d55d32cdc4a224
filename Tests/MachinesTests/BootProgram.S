.code16
.globl _start
_start:
    cli
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x7c00, %sp
    in $0x92, %al          # A20
    or $2, %al
    out %al, $0x92
    mov $0x1000, %edi      # page tables: one PML4, one PDPT, one directory of 2 MiB pages
    xor %eax, %eax
    mov $0xc00, %ecx
    rep stosl
    movl $0x2003, 0x1000
    movl $0x3003, 0x2000
    mov $0x3000, %edi
    mov $0x83, %eax
    mov $64, %ecx
1:  mov %eax, (%edi)
    add $0x200000, %eax
    add $8, %edi
    loop 1b
    mov $0x1000, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    or $0x20, %eax
    mov %eax, %cr4
    mov $0xc0000080, %ecx
    rdmsr
    or $0x100, %eax
    wrmsr
    mov %cr0, %eax
    or $0x80000001, %eax
    mov %eax, %cr0
    lgdt gdtr
    ljmp $8, $long
.code64
long:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    xor %ebx, %ebx
2:  mov $0x100000, %edi    # write and read 32 MiB, 4 times
    mov $0x400000, %ecx
    mov $0x5a5a, %eax
    rep stosq
    mov $0x100000, %esi
    mov $0x400000, %ecx
3:  lodsq
    cmp $0x5a5a, %rax
    jne 4f
    loop 3b
    inc %ebx
    cmp $4, %ebx
    jne 2b
    mov $0x10, %eax
    out %al, $0xf4
4:  hlt
    jmp 4b
.balign 8
gdt: .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdtr: .word 23
    .long gdt
.org 510
.word 0xaa55
