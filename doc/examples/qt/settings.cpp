// SPDX-FileCopyrightText: 2026 The GLockFile authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Adds one to the number in a file, under a QLockFile: what the page for those who come
// from it begins with.

#include <QDebug>
#include <QFile>
#include <QLockFile>
#include <QSaveFile>

int main()
{
    QLockFile lockFile("settings.ini.lock");
    lockFile.setStaleLockTime(0);
    if (!lockFile.tryLock(500)) {
        qint64 pid = 0;
        QString hostname, application;
        if (lockFile.error() == QLockFile::LockFailedError
            && lockFile.getLockInfo(&pid, &hostname, &application))
            qCritical().noquote() << "Locked by" << application << pid
                                  << "on" << hostname;
        else
            qCritical() << "Cannot lock:" << lockFile.error();
        return 1;
    }

    QFile settings("settings.ini");
    if (!settings.open(QIODevice::ReadOnly))
        return 1;
    QByteArray content = settings.readAll();
    const int opened = content.indexOf("opened=") + 7;
    const int length = content.indexOf('\n', opened) - opened;
    content.replace(opened, length, QByteArray::number(content.mid(opened, length).toInt() + 1));

    QSaveFile replacement("settings.ini");
    if (!replacement.open(QIODevice::WriteOnly))
        return 1;
    replacement.write(content);
    return replacement.commit() ? 0 : 1; // and the destructor unlocks
}
